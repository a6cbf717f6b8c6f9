-- Nothing for a task that has its result. A later attempt's counts for more, as it began with the one before, if it could.
insert into espalier.checkpoint as known (task_id, attempt, step, hash, bytes)
select g.task, g.attempt, g.step, decode(g.hash, 'hex'), g.bytes
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) as g (task, attempt, step, hash, bytes)
where not exists (select from espalier.task_state s where s.task_id = g.task and s.result_attempt is not null)
on conflict (task_id) do update
set attempt = excluded.attempt, step = excluded.step, hash = excluded.hash, bytes = excluded.bytes, saved_at = now()
where (excluded.attempt, excluded.step) > (known.attempt, known.step)
