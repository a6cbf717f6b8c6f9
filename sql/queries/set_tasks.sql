-- A task with a result keeps it. What an attempt's own event already tells gets no event of the task's.
with given as (
  select decode(g.task, 'hex') as task_key, g.state::espalier.task_status as state, g.failures, g.reason
  from unnest($1::text[], $2::text[], $3::integer[], $4::text[]) as g (task, state, failures, reason)
), changed as (
  update espalier.task_state s
  set state = g.state, failures = g.failures, reason = g.reason, updated_at = now(),
      progress = case g.state when 'running' then s.progress when 'succeeded' then 1 else 0 end
  from given g
  where s.task_key = g.task_key and s.state <> 'succeeded'
    and (s.state, s.failures, s.reason) is distinct from (g.state, g.failures, g.reason)
  returning s.task_key, s.state, s.reason
)
insert into espalier.event (kind, task_key, state, reason)
select 'task', task_key, state::text, reason from changed where state not in ('assigned', 'running')
