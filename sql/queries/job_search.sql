-- By what the job searches; null if it doesn't.
select search from espalier.job where id = $1::bigint
