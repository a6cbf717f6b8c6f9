with asked as (
  update espalier.task_state s
  set state = 'waiting', failures = 0, progress = 0, reason = '', updated_at = now()
  from espalier.job_task jt
  where jt.job_id = $1::bigint and s.task_key = jt.task_key and s.state in ('failed', 'cancelled')
  returning s.task_key
)
insert into espalier.event (kind, job_id, task_key, state, reason)
select 'task', $1::bigint, task_key, 'waiting', 'asked for again' from asked
