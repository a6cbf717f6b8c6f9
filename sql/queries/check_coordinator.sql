-- There is one row that says which epoch it is.
select count(*) over (), format('%s rows say which epoch it is', n)
from (select count(*) as n from espalier.coordinator) c
where n <> 1
