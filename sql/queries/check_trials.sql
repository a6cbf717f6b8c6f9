-- A trial belongs to a group of its job, and what it needs is among its job's tasks. One that a search asked for has its
-- evaluation at each rung up to its own.
select count(*) over (), text
from (
  select format('trial %s is of group %s, which job %s has not', r.id, r.group_name, j.id) as text
  from espalier.trial r
  join espalier.job j on j.id = r.job_id
  where r.group_name <> all (j.groups)
  union all
  select format('trial %s has no tasks', r.id)
  from espalier.trial r
  where not exists (select from espalier.trial_task n where n.trial_id = r.id)
  union all
  select format('trial %s needs task %s, which is not among the tasks of job %s', r.id, n.task_id, r.job_id)
  from espalier.trial r
  join espalier.trial_task n on n.trial_id = r.id
  left join espalier.job_task jt on jt.task_id = n.task_id and jt.job_id = r.job_id
  where jt.task_id is null
  union all
  select format('trial %s is to be trained up to rung %s, and has %s', r.id, r.rung + 1, n.rungs)
  from espalier.trial r
  cross join lateral (select count(*) as rungs from v1.rungs x where x.trial_id = r.id) n
  where r.rung is not null and n.rungs <> r.rung + 1
  union all
  select format('trial %s was asked for by a search, and job %s has none', r.id, j.id)
  from espalier.trial r
  join espalier.job j on j.id = r.job_id
  where r.point is not null and j.search is null
) broken
order by text
limit 3
