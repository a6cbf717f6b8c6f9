-- One file has one size, and its name is a SHA-256.
select count(*) over (), format('artifact %s has the sizes %s', encode(hash, 'hex'), string_agg(distinct bytes::text, ' and '))
from (select hash, bytes from espalier.output union all select hash, bytes from espalier.checkpoint) a
group by hash
having count(distinct bytes) > 1 or octet_length(hash) <> 32
order by hash
limit 3
