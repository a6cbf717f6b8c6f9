create view v1.jobs as
select id, name, description, state::text as state, priority, groups, objectives, constraints, submitted_at,
       resumed_at, finished_at, text, user_name, max_parallel
from espalier.job;

comment on view v1.jobs is 'One row a submitted job file.';
comment on column v1.jobs.id is 'Number of the job, in the order of submission.';
comment on column v1.jobs.name is 'Name from the job file; need not be unique.';
comment on column v1.jobs.description is 'Description from the job file; may be empty.';
comment on column v1.jobs.state is 'running, paused, succeeded, failed or cancelled.';
comment on column v1.jobs.priority is '0 to 100; a higher one goes first.';
comment on column v1.jobs.groups is 'Names of the job''s groups, in the file''s order.';
comment on column v1.jobs.objectives is 'What "best" means: [{"metric", "maximize"}]; empty means accuracy max, latency_p50_ms min, size_bytes min.';
comment on column v1.jobs.constraints is 'What a trial must fulfil: [{"metric", "comparison", "bound"}].';
comment on column v1.jobs.submitted_at is 'When the job was first submitted.';
comment on column v1.jobs.resumed_at is 'When it was last submitted or resumed.';
comment on column v1.jobs.finished_at is 'When it succeeded, failed or was cancelled; null before.';
comment on column v1.jobs.text is 'The TOML as it was submitted.';
comment on column v1.jobs.user_name is 'Who submitted it: the slots are shared among users.';
comment on column v1.jobs.max_parallel is 'Tasks of it that may run at once; 0: no limit.';
