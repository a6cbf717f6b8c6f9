-- The first result of a task is its only one; the metrics and outputs of a later one are not written.
with accepted as (
  update espalier.task_state s set state = 'succeeded', reason = '', updated_at = now(), result_attempt = g.attempt
  from unnest($1::bigint[], $2::bigint[]) as g (task, attempt)
  where s.task_id = g.task and s.result_attempt is null
  returning s.task_id
), measured as (
  insert into espalier.metric (task_id, name, value, unit, ci_low, ci_high, samples)
  select a.task_id, m.name, m.value, m.unit, m.ci_low, m.ci_high, m.samples
  from unnest($3::bigint[], $4::text[], $5::double precision[], $6::text[], $7::double precision[],
              $8::double precision[], $9::bigint[]) as m (task, name, value, unit, ci_low, ci_high, samples)
  join accepted a on a.task_id = m.task
  on conflict (task_id, name) do nothing
)
insert into espalier.output (task_id, name, hash, bytes)
select a.task_id, o.name, decode(o.hash, 'hex'), o.bytes
from unnest($10::bigint[], $11::text[], $12::text[], $13::bigint[]) as o (task, name, hash, bytes)
join accepted a on a.task_id = o.task
on conflict (task_id, name) do nothing
