-- Each branch finds its own task, so that who asks for one task's events has an index used in each.
create view v1.events as
select e.id, e.at, e.kind, e.job_id, encode(k.key, 'hex') as task_key, e.attempt, e.worker, e.state,
       nullif(e.reason, '') as reason
from espalier.event e
left join espalier.task k on k.id = e.task_id
where e.kind <> 'attempts'
union all
select o.begun_event, o.started_at, 'attempt', null, encode(k.key, 'hex'), o.attempt, o.worker, 'running', null
from espalier.open_attempt o
join espalier.task k on k.id = o.task_id
where o.begun_event is not null
union all
select a.begun_event, a.started_at, 'attempt', null, encode(k.key, 'hex'), a.attempt, a.worker, 'running', null
from espalier.attempt a
join espalier.task k on k.id = a.task_id
where a.begun_event is not null
union all
select a.ended_event, a.ended_at, 'attempt', null, encode(k.key, 'hex'), a.attempt, a.worker, 'succeeded', null
from espalier.attempt a
join espalier.task k on k.id = a.task_id
where a.ended_event is not null;

comment on view v1.events is 'What happened, in order; rows are only ever added.';
comment on column v1.events.id is 'Number in the order of happening.';
comment on column v1.events.at is 'When it was recorded.';
comment on column v1.events.kind is 'coordinator, job, task, attempt or worker: whose state it is.';
comment on column v1.events.job_id is 'v1.jobs.id, for a job, and for a task that a job asked for again.';
comment on column v1.events.task_key is 'v1.tasks.key, for a task or attempt.';
comment on column v1.events.attempt is 'v1.attempts.attempt, for an attempt.';
comment on column v1.events.worker is 'v1.workers.name, for an attempt or worker.';
comment on column v1.events.state is 'The state it came to.';
comment on column v1.events.reason is 'Why, in words; null if there is nothing to say.';
