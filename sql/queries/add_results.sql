-- Metrics and outputs of results that were accepted before; those of a later attempt of the same task are not written.
with measured as (
  insert into espalier.metric (task_id, name, value, unit, ci_low, ci_high, samples)
  select m.task, m.name, m.value, m.unit, m.ci_low, m.ci_high, m.samples
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::double precision[], $5::text[], $6::double precision[],
              $7::double precision[], $8::bigint[]) as m (task, attempt, name, value, unit, ci_low, ci_high, samples)
  join espalier.task_state s on s.task_id = m.task and s.result_attempt = m.attempt
  on conflict (task_id, name) do nothing
)
insert into espalier.output (task_id, name, hash, bytes)
select o.task, o.name, decode(o.hash, 'hex'), o.bytes
from unnest($9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[]) as o (task, attempt, name, hash, bytes)
join espalier.task_state s on s.task_id = o.task and s.result_attempt = o.attempt
on conflict (task_id, name) do nothing
