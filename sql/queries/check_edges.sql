-- What refers to a task, a trial or a job refers to one that exists, and each task has a state.
select count(*) over (), text
from (
  select format('task %s needs task %s, which is not on record', i.task_id, i.input_task_id) as text
  from espalier.task_input i
  left join espalier.task t on t.id = i.input_task_id
  where i.input_task_id is not null and t.id is null
  union all
  select format('input %s is of task %s, which is not on record', i.role, i.task_id)
  from espalier.task_input i
  left join espalier.task t on t.id = i.task_id
  where t.id is null
  union all
  select format('trial %s needs task %s, which is not on record', n.trial_id, n.task_id)
  from espalier.trial_task n
  left join espalier.task t on t.id = n.task_id
  where t.id is null
  union all
  select format('trial %s has tasks and is not on record', n.trial_id)
  from espalier.trial_task n
  left join espalier.trial r on r.id = n.trial_id
  where r.id is null
  union all
  select format('job %s needs task %s, which is not on record', n.job_id, n.task_id)
  from espalier.job_task n
  left join espalier.task t on t.id = n.task_id
  where t.id is null
  union all
  select format('job %s has tasks and is not on record', n.job_id)
  from espalier.job_task n
  left join espalier.job j on j.id = n.job_id
  where j.id is null
  union all
  select format('trial %s is of job %s, which is not on record', r.id, r.job_id)
  from espalier.trial r
  left join espalier.job j on j.id = r.job_id
  where j.id is null
  union all
  select format('generation %s of group %s is of job %s, which is not on record', g.generation, g.group_name, g.job_id)
  from espalier.generation g
  left join espalier.job j on j.id = g.job_id
  where j.id is null
  union all
  select format('task %s has no state', t.id)
  from espalier.task t
  left join espalier.task_state s on s.task_id = t.id
  where s.task_id is null
  union all
  select format('the state %s is of task %s, which is not on record', s.state, s.task_id)
  from espalier.task_state s
  left join espalier.task t on t.id = s.task_id
  where t.id is null
) broken
order by text
limit 3
