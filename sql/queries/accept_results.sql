-- The first result of a task is its only one; the metrics and outputs of a later one are not written.
with accepted as (
  insert into espalier.result (task_key, attempt, device_class)
  select decode(g.task, 'hex'), g.attempt, g.device_class
  from unnest($1::text[], $2::bigint[], $3::text[]) as g (task, attempt, device_class)
  on conflict (task_key) do nothing
  returning task_key
), measured as (
  insert into espalier.metric (task_key, name, value, unit, ci_low, ci_high, samples)
  select a.task_key, m.name, m.value, m.unit, m.ci_low, m.ci_high, m.samples
  from unnest($4::text[], $5::text[], $6::double precision[], $7::text[], $8::double precision[],
              $9::double precision[], $10::bigint[]) as m (task, name, value, unit, ci_low, ci_high, samples)
  join accepted a on a.task_key = decode(m.task, 'hex')
  on conflict (task_key, name) do nothing
)
insert into espalier.output (task_key, name, hash, bytes)
select a.task_key, o.name, decode(o.hash, 'hex'), o.bytes
from unnest($11::text[], $12::text[], $13::text[], $14::bigint[]) as o (task, name, hash, bytes)
join accepted a on a.task_key = decode(o.task, 'hex')
on conflict (task_key, name) do nothing
