-- Those that the job doesn't have yet.
insert into espalier.job_task (job_id, ordinal, task_id, reused)
select $1::bigint, g.ordinal, g.task, g.reused
from unnest($2::bigint[], $3::bigint[], $4::boolean[]) as g (ordinal, task, reused)
where not exists (select from espalier.job_task jt where jt.task_id = g.task and jt.job_id = $1::bigint)
