insert into espalier.trial_task (trial_id, ordinal, role, task_id)
select trial, ordinal, role::espalier.task_role, task
from unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[]) as g (trial, ordinal, role, task)
