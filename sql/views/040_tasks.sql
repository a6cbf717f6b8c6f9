create view v1.tasks as
select encode(t.key, 'hex') as key, t.stage, s.state::text as state, s.failures, nullif(s.reason, '') as reason,
       s.progress, t.exclusive, t.spec, t.created_at, s.updated_at
from espalier.task t
join espalier.task_now s on s.task_id = t.id;

comment on view v1.tasks is 'One row a task: one stage with all of its inputs fixed, shared by every trial of every job that needs it.';
comment on column v1.tasks.key is 'SHA-256 of the specification, 64 hex digits.';
comment on column v1.tasks.stage is 'train, distill, finetune, prune, quantize, teacher-logits, evaluate or benchmark.';
comment on column v1.tasks.state is 'waiting (for inputs), ready, assigned, running, succeeded, failed or cancelled.';
comment on column v1.tasks.failures is 'Attempts that counted against the job''s retries.';
comment on column v1.tasks.reason is 'Why it is in this state, in words; null if there is nothing to say.';
comment on column v1.tasks.progress is 'Share of the work that is done, 0 to 1, as last reported.';
comment on column v1.tasks.exclusive is 'It measures: nothing else of ours runs on its host meanwhile.';
comment on column v1.tasks.spec is 'The specification that was hashed to the key.';
comment on column v1.tasks.created_at is 'When a job first asked for it.';
comment on column v1.tasks.updated_at is 'When its state last changed.';
