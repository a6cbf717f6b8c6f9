-- The tasks of a job from place $2 to place $3 that have no result. inputs: numbers of those tasks it needs that have
-- none either, with commas between, or null.
select jt.ordinal, jt.task_id, s.state, t.exclusive, s.failures, i.inputs,
       t.stage in ('train', 'distill', 'finetune') as preemptible, jt.target, t.kind, t.work
from espalier.job_task jt
join espalier.task t on t.id = jt.task_id
join espalier.task_state s on s.task_id = jt.task_id and s.state <> 'succeeded'
left join lateral (
  select string_agg(distinct ti.input_task_id::text, ',') as inputs
  from espalier.task_input ti
  join espalier.task_state other on other.task_id = ti.input_task_id and other.state <> 'succeeded'
  where ti.task_id = jt.task_id
) i on true
where jt.job_id = $1::bigint and jt.ordinal between $2::bigint and $3::bigint
order by jt.ordinal
