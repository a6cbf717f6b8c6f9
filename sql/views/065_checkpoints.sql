create view v1.checkpoints as
select encode(t.key, 'hex') as task_key, c.attempt, c.step, encode(c.hash, 'hex') as hash, c.bytes, c.saved_at
from espalier.checkpoint c
join espalier.task t on t.id = c.task_id;

comment on view v1.checkpoints is 'Where the furthest attempt of a task stood; the next attempt goes on from there. One row a task.';
comment on column v1.checkpoints.task_key is 'v1.tasks.key.';
comment on column v1.checkpoints.attempt is 'The attempt that saved it: v1.attempts.attempt.';
comment on column v1.checkpoints.step is 'Steps of training that it holds.';
comment on column v1.checkpoints.hash is 'SHA-256 of its file.';
comment on column v1.checkpoints.bytes is 'Size of its file.';
comment on column v1.checkpoints.saved_at is 'When it was recorded.';
