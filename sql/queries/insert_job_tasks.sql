insert into espalier.job_task (job_id, ordinal, task_key, reused)
select $1::bigint, g.ordinal, s.task_key, s.state = 'succeeded'
from unnest($2::bigint[], $3::text[]) as g (ordinal, task)
join espalier.task_state s on s.task_key = decode(g.task, 'hex')
