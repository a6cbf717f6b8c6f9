select jt.task_id
from espalier.job_task jt
join espalier.task_state s on s.task_id = jt.task_id and s.state in ('failed', 'cancelled')
where jt.job_id = $1::bigint
order by jt.ordinal
