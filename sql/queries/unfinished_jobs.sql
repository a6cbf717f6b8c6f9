select id from espalier.job where state in ('running', 'paused') order by id
