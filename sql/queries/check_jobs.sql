-- A job has an end exactly if it has ended; of one that succeeded every task has, and every trial says so.
select count(*) over (), text
from (
  select format('job %s is %s and %s', id, state, case when finished_at is null then 'has no end' else 'has an end' end)
    as text
  from espalier.job
  where (finished_at is null) <> (state in ('running', 'paused'))
  union all
  select format('job %s searches, and nothing says by what', id)
  from espalier.job
  where searching and search is null
  union all
  select format('job %s succeeded, and its task %s is %s', j.id, left(encode(t.key, 'hex'), 12), s.state)
  from espalier.job j
  join espalier.job_task jt on jt.job_id = j.id
  join espalier.task t on t.id = jt.task_id
  join espalier.task_state s on s.task_id = jt.task_id
  where j.state = 'succeeded' and s.state <> 'succeeded'
  union all
  select format('trial %s of job %s, which is %s, is %s', t.id, j.id, j.state, t.state)
  from espalier.job j
  join v1.trials t on t.job_id = j.id
  where j.state not in ('running', 'paused') and t.state in ('waiting', 'running')
) broken
order by text
limit 3
