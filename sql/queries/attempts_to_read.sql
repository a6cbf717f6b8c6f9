-- The attempts of a trial's own tasks, or of the tasks whose key lies between two, in their order.
with chosen as (
  select tt.task_id from espalier.trial_task tt where tt.trial_id = $1::bigint
  union
  select t.id from espalier.task t where t.key between decode($2::text, 'hex') and decode($3::text, 'hex')
)
select a.attempt, t.stage, encode(t.key, 'hex') as task, a.worker, a.state
from chosen c
join espalier.task t on t.id = c.task_id
join lateral (
  select e.attempt, e.worker, e.state::text as state from espalier.attempt e where e.task_id = c.task_id
  union all
  select o.attempt, o.worker, 'running' from espalier.open_attempt o where o.task_id = c.task_id
) a on true
order by a.attempt
