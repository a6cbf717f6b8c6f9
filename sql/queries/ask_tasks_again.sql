-- Those of the tasks that failed or were cancelled.
with asked as (
  update espalier.task_state s
  set state = 'waiting', failures = 0, reason = '', updated_at = now()
  from unnest($2::bigint[]) as g (task)
  where s.task_id = g.task and s.state in ('failed', 'cancelled')
  returning s.task_id
)
insert into espalier.event (kind, job_id, task_id, state, reason)
select 'task', $1::bigint, task_id, 'waiting', 'asked for again' from asked
