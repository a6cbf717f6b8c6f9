select name from espalier.worker where cordoned order by name
