-- At most a hundred parts that reach beyond a byte, in order; one row with nulls if there are none (yet), none if there
-- is no such attempt.
select p.first_byte, p.text, a.ended
from (select exists (select from espalier.attempt where attempt = $1::bigint) as ended,
             exists (select from espalier.open_attempt where attempt = $1::bigint) as open) a
left join lateral (
  select l.first_byte, l.text
  from espalier.attempt_log l
  where l.attempt = $1::bigint and l.first_byte + octet_length(l.text) > $2::bigint
  order by l.first_byte
  limit 100
) p on true
where a.ended or a.open
order by p.first_byte
