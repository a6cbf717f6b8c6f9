-- What no unfinished job needs: the last coordinator ended while it cancelled a job's tasks, a slice at a time.
with cancelled as (
  update espalier.task_state s
  set state = 'cancelled', reason = 'its job was cancelled', updated_at = now()
  where s.state in ('waiting', 'ready') and s.result_attempt is null
    and not exists (
      select from espalier.job_task jt join espalier.job j on j.id = jt.job_id
      where jt.task_id = s.task_id and j.state in ('running', 'paused'))
  returning s.task_id, s.state, s.reason
)
insert into espalier.event (kind, task_id, state, reason)
select 'task', task_id, state::text, reason from cancelled
