-- Tables of one coordinator's truth. Only the coordinator writes here, so foreign keys are left out of the tables
-- that are written for every task: their checks would cost more than the writes.
-- What changes often (task_state, open_attempt) is narrow and apart from what never changes (task, attempt).

create type espalier.task_status as enum
  ('waiting', 'ready', 'assigned', 'running', 'succeeded', 'failed', 'cancelled');
create type espalier.job_status as enum ('running', 'paused', 'succeeded', 'failed', 'cancelled');
create type espalier.attempt_status as enum
  ('running', 'succeeded', 'failed', 'crashed', 'timed_out', 'out_of_memory', 'cancelled', 'lost', 'superseded');
create type espalier.task_role as enum ('own', 'teacher', 'twin');

create table espalier.coordinator (
  only_row boolean primary key default true check (only_row),
  epoch    bigint not null,
  begun_at timestamptz not null default now()
);
insert into espalier.coordinator (epoch) values (0);

create table espalier.job (
  id           bigint generated always as identity primary key,
  name         text not null,
  description  text not null,
  state        espalier.job_status not null,
  priority     bigint not null,
  retries      integer not null,
  timeout_s    double precision not null,
  memory_bytes bigint not null,
  groups       text[] not null,
  objectives   jsonb not null,
  constraints  jsonb not null,
  text         text not null,
  text_hash    text not null,
  plan_hash    text not null,
  submitted_at timestamptz not null default now(),
  resumed_at   timestamptz not null default now(),
  finished_at  timestamptz
);
create index job_unfinished on espalier.job (text_hash) where state in ('running', 'paused');

create table espalier.trial (
  id         bigint generated always as identity primary key,
  job_id     bigint not null references espalier.job,
  ordinal    bigint not null,
  group_name text not null,
  params     jsonb not null,
  unique (job_id, ordinal)
);

create table espalier.task (
  key        bytea primary key check (octet_length(key) = 32),
  stage      text not null,
  exclusive  boolean not null,
  spec       json not null,
  created_at timestamptz not null default now()
);

create table espalier.task_state (
  task_key   bytea primary key,
  state      espalier.task_status not null default 'waiting',
  failures   integer not null default 0,
  progress   double precision not null default 0,
  reason     text not null default '',
  updated_at timestamptz not null default now()
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);

create table espalier.task_input (
  task_key     bytea not null,
  ordinal      integer not null,
  role         text not null,
  input_task   bytea,
  input_output text not null,
  input_file   bytea,
  primary key (task_key, ordinal),
  check (num_nonnulls(input_task, input_file) = 1)
);

create table espalier.trial_task (
  trial_id bigint not null,
  ordinal  integer not null,
  role     espalier.task_role not null,
  task_key bytea not null,
  primary key (trial_id, ordinal)
);
create index trial_task_of_task on espalier.trial_task (task_key);

create table espalier.job_task (
  job_id   bigint not null,
  ordinal  bigint not null,
  task_key bytea not null,
  reused   boolean not null,
  primary key (job_id, ordinal)
);
create index job_task_of_task on espalier.job_task (task_key);

create table espalier.open_attempt (
  attempt    bigint primary key,
  task_key   bytea not null,
  worker     text not null,
  epoch      bigint not null,
  started_at timestamptz not null default now()
);

create table espalier.attempt (
  attempt      bigint primary key,
  task_key     bytea not null,
  worker       text not null,
  epoch        bigint not null,
  state        espalier.attempt_status not null,
  reason       text not null,
  seconds      double precision not null,
  device_class text not null,
  started_at   timestamptz not null,
  ended_at     timestamptz not null
);
create index attempt_of_task on espalier.attempt (task_key);

create table espalier.result (
  task_key     bytea primary key,
  attempt      bigint not null,
  device_class text not null,
  accepted_at  timestamptz not null default now()
);

create table espalier.metric (
  task_key bytea not null,
  name     text not null,
  value    double precision,
  unit     text not null,
  ci_low   double precision,
  ci_high  double precision,
  samples  bigint not null,
  primary key (task_key, name)
);

create table espalier.output (
  task_key bytea not null,
  name     text not null,
  hash     bytea not null,
  bytes    bigint not null,
  primary key (task_key, name)
);
create index output_of_hash on espalier.output (hash);

create table espalier.curve_point (
  task_key bytea not null,
  attempt  bigint not null,
  name     text not null,
  step     double precision not null,
  value    double precision not null,
  primary key (task_key, attempt, name, step)
);

create table espalier.worker (
  name         text primary key,
  session      text not null,
  device_class text not null,
  slots        integer not null,
  facts        jsonb not null,
  alive        boolean not null,
  first_seen   timestamptz not null default now(),
  changed_at   timestamptz not null default now()
);

create table espalier.event (
  id       bigint generated always as identity primary key,
  at       timestamptz not null default clock_timestamp(),
  kind     text not null check (kind in ('coordinator', 'job', 'task', 'attempt', 'worker')),
  job_id   bigint,
  task_key bytea,
  attempt  bigint,
  worker   text,
  state    text not null,
  reason   text not null default ''
);
create index event_of_task on espalier.event (task_key) where task_key is not null;
