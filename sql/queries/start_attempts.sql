-- Puts attempts on record and answers what their workers need: a row an input, and one with nulls for a task without
-- inputs, in the order given. The checkpoint of an earlier attempt is one more input.
-- Repetitions are looked for, as nobody else writes here: `on conflict` would cost twice that for every attempt. They
-- and checkpoints are few: `in` hashes what there is, where a join would look up each attempt.
-- An attempt's beginning is an event of its own if there is more to tell than its row does.
with given as (
  select g.attempt, g.task, g.worker, g.ordinal
  from unnest($1::bigint[], $2::bigint[], $3::text[]) with ordinality as g (attempt, task, worker, ordinal)
), span as materialized (
  select min(attempt) as first, max(attempt) as last from given
), saved as materialized (
  -- `offset 0`: each is looked up, even by a planner that took the table for empty.
  select g.ordinal, g.task, c.hash, c.bytes
  from given g
  cross join lateral (select hash, bytes from espalier.checkpoint where task_id = g.task offset 0) c
), begun as (
  insert into espalier.open_attempt (attempt, task_id, worker, epoch, begun_event)
  select g.attempt, g.task, g.worker, $4::bigint,
         case when g.task not in (select task from saved) then nextval('espalier.event_id_seq') end
  from given g
  where g.attempt not in (
    select a.attempt from espalier.attempt a
    where a.attempt between (select first from span) and (select last from span)
    union all
    select o.attempt from espalier.open_attempt o
    where o.attempt between (select first from span) and (select last from span))
  returning attempt, task_id, worker, begun_event
), told as (
  insert into espalier.event (kind, task_id, attempt, worker, state, reason, tasks)
  select 'attempt', b.task_id, b.attempt, b.worker, 'running',
         format('goes on after step %s, the checkpoint of attempt %s', c.step, c.attempt), null
  from begun b
  cross join lateral (select step, attempt from espalier.checkpoint where task_id = b.task_id offset 0) c
  where b.begun_event is null
  union all
  select 'attempts', null, null, null, 'running', '', array_agg(task_id) from begun having count(begun_event) > 0
)
select g.ordinal, encode(t.key, 'hex') as key, t.spec, i.role,
       encode(coalesce(i.input_file, i.hash), 'hex') as hash, coalesce(i.bytes, 0) as bytes, i.ordinal as input
from given g
join espalier.task t on t.id = g.task
left join lateral (
  select i.role, i.ordinal, i.input_file, o.hash, o.bytes
  from espalier.task_input i
  left join lateral (
    select hash, bytes from espalier.output where task_id = i.input_task_id and name = i.input_output offset 0) o on true
  where i.task_id = g.task
  offset 0) i on true
union all
select s.ordinal, encode(t.key, 'hex'), t.spec, 'checkpoint', encode(s.hash, 'hex'), s.bytes, 1000000
from saved s
join espalier.task t on t.id = s.task
order by 1, 7
