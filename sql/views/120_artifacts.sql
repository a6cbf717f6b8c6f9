create view v1.artifacts as
select encode(o.hash, 'hex') as hash, o.name, o.bytes, encode(k.key, 'hex') as task_key, k.stage,
       a.ended_at as created_at
from espalier.output o
join espalier.task k on k.id = o.task_id
join espalier.task_state s on s.task_id = o.task_id
left join espalier.attempt a on a.attempt = s.result_attempt;

comment on view v1.artifacts is 'One row a file that a task made. Equal bytes are stored once and appear once a task.';
comment on column v1.artifacts.hash is 'SHA-256 of its bytes, 64 hex digits.';
comment on column v1.artifacts.name is 'What it is to its task: model, logits, masks, samples.';
comment on column v1.artifacts.bytes is 'Its size.';
comment on column v1.artifacts.task_key is 'The task that made it: v1.tasks.key.';
comment on column v1.artifacts.stage is 'Stage of that task.';
comment on column v1.artifacts.created_at is 'When the task''s result was accepted.';
