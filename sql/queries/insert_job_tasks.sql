insert into espalier.job_task (job_id, ordinal, task_id, reused)
select $1::bigint, ordinal, task, reused
from unnest($2::bigint[], $3::bigint[], $4::boolean[]) as g (ordinal, task, reused)
