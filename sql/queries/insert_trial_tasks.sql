insert into espalier.trial_task (trial_id, ordinal, role, task_key)
select g.trial, g.ordinal, g.role::espalier.task_role, decode(g.task, 'hex')
from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[]) as g (trial, ordinal, role, task)
