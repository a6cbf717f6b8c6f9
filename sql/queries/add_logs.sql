insert into espalier.attempt_log (attempt, first_byte, text)
select g.attempt, g.first_byte, g.text
from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) as g (attempt, worker, first_byte, text)
where exists (select from espalier.open_attempt o where o.attempt = g.attempt and o.worker = g.worker)
   or exists (select from espalier.attempt a where a.attempt = g.attempt and a.worker = g.worker)
on conflict (attempt, first_byte) do nothing
