-- A task with a result keeps it.
with given as (
  select task, state::espalier.task_status as state, failures, reason
  from unnest($1::bigint[], $2::text[], $3::integer[], $4::text[]) as g (task, state, failures, reason)
), changed as (
  update espalier.task_state s
  set state = g.state, failures = g.failures, reason = g.reason, updated_at = now()
  from given g
  where s.task_id = g.task and s.result_attempt is null
    and (s.state, s.failures, s.reason) is distinct from (g.state, g.failures, g.reason)
  returning s.task_id, s.state, s.reason
)
insert into espalier.event (kind, task_id, state, reason)
select 'task', task_id, state::text, reason from changed
