create view v1.trial_tasks as
select tt.trial_id, encode(k.key, 'hex') as task_key, tt.role::text as role, tt.ordinal
from espalier.trial_task tt
join espalier.task k on k.id = tt.task_id;

comment on view v1.trial_tasks is 'Which tasks a trial needs, and what for.';
comment on column v1.trial_tasks.trial_id is 'v1.trials.id.';
comment on column v1.trial_tasks.task_key is 'v1.tasks.key.';
comment on column v1.trial_tasks.role is 'own: the trial''s pipeline and its measurements; teacher: its teacher''s; twin: those of the same student without a teacher; rung: what its search goes by before it is trained to the end. Only own tasks'' metrics are the trial''s.';
comment on column v1.trial_tasks.ordinal is 'Position in the trial''s pipeline, from 0.';
