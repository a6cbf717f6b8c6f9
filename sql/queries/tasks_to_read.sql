-- How many tasks are meant (a trial's own, or those whose key lies between two), and how many of them haven't ended.
with chosen as (
  select tt.task_id from espalier.trial_task tt where tt.trial_id = $1::bigint
  union
  select t.id from espalier.task t where t.key between decode($2::text, 'hex') and decode($3::text, 'hex')
)
select count(*), count(*) filter (where s.state not in ('succeeded', 'failed', 'cancelled'))
from chosen c
join espalier.task_state s on s.task_id = c.task_id
