-- Which workers a job's tasks may run on, on whose share of the slots it is, and how many of its tasks may run at once.
alter table espalier.job add column user_name text not null default '';
alter table espalier.job add column max_parallel bigint not null default 0;
-- [{"require", "any_of"}]: each task of the job has one of them, by its place here.
alter table espalier.job add column targets jsonb not null default '[{"require": "", "any_of": []}]';
alter table espalier.job_task add column target smallint not null default 0;

-- Somebody wants it to be given nothing.
alter table espalier.worker add column cordoned boolean not null default false;
