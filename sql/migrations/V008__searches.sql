-- Jobs whose next trials depend on what earlier ones gave. Nothing of such a search is kept but its trials, so what a
-- coordinator needs to go on with it after a restart is the job's text and what its paths are relative to.

-- In views and within this migration it is compared as text: a new value of a type can't be used before its commit.
alter type espalier.task_role add value 'rung';

alter table espalier.job add column folder text not null default '';
-- {"strategy", "trials", "metric", "maximize", "rungs": {GROUP: [epochs]}}, a member of "rungs" for each group that is
-- searched. Null: all trials are known from the text.
alter table espalier.job add column search jsonb;
alter table espalier.job add column searching boolean not null default false;  -- as long as it hasn't ended it may ask for more
alter table espalier.job add column search_failure text not null default '';

-- Where it lies among its group's points; null if it wasn't a search that asked for it.
alter table espalier.trial add column point double precision[];
alter table espalier.trial add column generation bigint;  -- nsga2: from 0
alter table espalier.trial add column rung integer;       -- halving: from 0, up to which it is asked to be trained

create table espalier.generation (
  job_id      bigint not null,
  group_name  text not null,
  generation  bigint not null,
  trials      bigint not null,
  feasible    bigint not null,
  front       bigint not null,
  hypervolume double precision not null,
  ended_at    timestamptz not null default now(),
  primary key (job_id, group_name, generation)
);
