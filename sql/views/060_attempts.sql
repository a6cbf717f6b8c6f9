create view v1.attempts as
select encode(k.key, 'hex') as task_key, a.attempt, a.worker, a.state::text as state, a.started_at, a.ended_at,
       nullif(a.reason, '') as reason, a.seconds, nullif(a.device_class, '') as device_class, a.epoch, a.late_metrics
from espalier.attempt a
join espalier.task k on k.id = a.task_id
union all
select encode(k.key, 'hex'), o.attempt, o.worker, 'running', o.started_at, null, null, null, null, o.epoch, null
from espalier.open_attempt o
join espalier.task k on k.id = o.task_id;

comment on view v1.attempts is 'One row an execution of a task by a worker.';
comment on column v1.attempts.task_key is 'v1.tasks.key.';
comment on column v1.attempts.attempt is 'The fence: a number that never repeats within a database.';
comment on column v1.attempts.worker is 'Name of the worker.';
comment on column v1.attempts.state is 'running, succeeded, failed, crashed, timed_out, out_of_memory, cancelled, lost (its worker went away) or superseded (ended after it had been given up).';
comment on column v1.attempts.started_at is 'When the task was given to the worker.';
comment on column v1.attempts.ended_at is 'When its end was recorded; null while it runs.';
comment on column v1.attempts.reason is 'Why it didn''t succeed, in words.';
comment on column v1.attempts.seconds is 'Run time on the worker.';
comment on column v1.attempts.device_class is 'What it ran on.';
comment on column v1.attempts.epoch is 'Reign of the coordinator that gave it out.';
comment on column v1.attempts.late_metrics is '{NAME: number}: what a superseded attempt had measured; null for every other one, as v1.metrics has the results that count.';
