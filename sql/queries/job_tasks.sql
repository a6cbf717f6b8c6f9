-- inputs: keys in hex with commas between, or null.
select encode(jt.task_key, 'hex') as key, s.state, t.exclusive, s.failures, i.inputs
from espalier.job_task jt
join espalier.task t on t.key = jt.task_key
join espalier.task_state s on s.task_key = jt.task_key
left join lateral (
  select string_agg(distinct encode(ti.input_task, 'hex'), ',') as inputs
  from espalier.task_input ti
  where ti.task_key = jt.task_key and ti.input_task is not null
) i on true
where jt.job_id = $1::bigint
order by jt.ordinal
