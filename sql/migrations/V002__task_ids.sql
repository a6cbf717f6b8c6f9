-- Tasks get numbers. A key is a hash: an index on it is written at random places, and the tables of a million tasks had
-- eight of these. Now only espalier.task has one; everything else is found by a number that grows, so that the
-- millionth task costs what the first did.
-- What happens to every task writes fewer rows: that a task is assigned or running is told by its open attempt, and
-- whose result counts stands beside its state.

alter table espalier.task add column id bigint generated always as identity;
alter table espalier.task drop constraint task_pkey;
alter table espalier.task add primary key (id);
alter table espalier.task add constraint task_key unique (key);

create function pg_temp.number_tasks(of_table text, of_column text) returns void language plpgsql as $$
begin
  execute format('alter table espalier.%I add column task_id bigint', of_table);
  execute format('update espalier.%I x set task_id = t.id from espalier.task t where t.key = x.%I', of_table, of_column);
  execute format('alter table espalier.%I drop column %I cascade', of_table, of_column);
end
$$;

select pg_temp.number_tasks(name, 'task_key')
from unnest(array['task_state', 'task_input', 'trial_task', 'job_task', 'open_attempt', 'attempt', 'result', 'metric',
                  'output', 'curve_point', 'event']) as name;

alter table espalier.task_state add primary key (task_id);
alter table espalier.task_state add column result_attempt bigint;
update espalier.task_state s set result_attempt = r.attempt from espalier.result r where r.task_id = s.task_id;
drop table espalier.result;
update espalier.task_state set state = 'ready' where state in ('assigned', 'running');
alter table espalier.task_state drop column progress;

alter table espalier.task_input alter column task_id set not null;
alter table espalier.task_input add primary key (task_id, ordinal);
alter table espalier.task_input drop constraint if exists task_input_check;
alter table espalier.task_input add column input_task_id bigint;
update espalier.task_input i set input_task_id = t.id from espalier.task t where t.key = i.input_task;
alter table espalier.task_input drop column input_task cascade;
alter table espalier.task_input add check (num_nonnulls(input_task_id, input_file) = 1);

alter table espalier.trial drop constraint trial_job_id_fkey;
alter table espalier.trial_task alter column task_id set not null;
create index trial_task_of_task on espalier.trial_task (task_id);
alter table espalier.job_task alter column task_id set not null;
create index job_task_of_task on espalier.job_task (task_id);

alter table espalier.open_attempt alter column task_id set not null;
alter table espalier.open_attempt add column heard boolean not null default false;
alter table espalier.open_attempt add column progress double precision not null default 0;
create index open_attempt_of_task on espalier.open_attempt (task_id);
alter table espalier.attempt alter column task_id set not null;
create index attempt_of_task on espalier.attempt (task_id);
alter table espalier.metric add primary key (task_id, name);
alter table espalier.output add primary key (task_id, name);
alter table espalier.curve_point add primary key (task_id, attempt, name, step);
create index event_of_task on espalier.event (task_id) where task_id is not null;

-- How a task stands: what is on record, and what its open attempt tells.
create view espalier.task_now as
select s.task_id, s.failures, s.reason, s.updated_at, s.result_attempt,
       case when s.state <> 'ready' or o.attempt is null then s.state
            when o.heard then 'running'
            else 'assigned' end as state,
       case when s.state = 'succeeded' then 1 else coalesce(o.progress, 0) end as progress
from espalier.task_state s
left join lateral (
  select max(attempt) as attempt, bool_or(heard) as heard, max(progress) as progress
  from espalier.open_attempt where task_id = s.task_id having count(*) > 0
) o on true;

-- What the coordinator at work writes every second, so that one that waits in its place sees it stop.
create table espalier.sign_of_life (
  only_row boolean primary key default true check (only_row),
  at       timestamptz not null
);
