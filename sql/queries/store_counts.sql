select (select count(*) from espalier.job), (select count(*) from espalier.trial), (select count(*) from espalier.task),
       (select count(*) from espalier.attempt)
