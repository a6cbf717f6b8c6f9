-- A trial's own tasks, or those whose key lies between two, with what their first unfinished job asks of a worker.
with chosen as (
  select tt.task_id from espalier.trial_task tt where tt.trial_id = $1::bigint
  union
  select t.id from espalier.task t where t.key between decode($2::text, 'hex') and decode($3::text, 'hex')
)
select t.id, encode(t.key, 'hex') as key, t.stage, n.state, n.reason, j.target
from chosen c
join espalier.task t on t.id = c.task_id
join espalier.task_now n on n.task_id = c.task_id
left join lateral (
  select job.targets -> jt.target as target
  from espalier.job_task jt
  join espalier.job job on job.id = jt.job_id and job.state in ('running', 'paused')
  where jt.task_id = c.task_id
  order by job.id
  limit 1
) j on true
order by t.id
limit 100
