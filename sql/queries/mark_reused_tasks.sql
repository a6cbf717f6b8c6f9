update espalier.job_task jt set reused = true
from espalier.task_state s
where jt.job_id = $1::bigint and s.task_id = jt.task_id and s.state = 'succeeded' and not jt.reused
