-- A row a task: where its furthest attempt stood. It loses its meaning once the task has a result; `espalier gc`
-- removes it then.
create table espalier.checkpoint (
  task_id  bigint primary key,
  attempt  bigint not null,
  step     bigint not null,
  hash     bytea not null,
  bytes    bigint not null,
  saved_at timestamptz not null default now()
);
create index checkpoint_of_hash on espalier.checkpoint (hash);

-- The parts of an attempt's log, as they came; each begins where the one before ends.
create table espalier.attempt_log (
  attempt     bigint not null,
  first_byte  bigint not null,
  text        text not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (attempt, first_byte)
);

-- For the garbage collector; users' files are few.
create index task_input_of_file on espalier.task_input (input_file) where input_file is not null;
