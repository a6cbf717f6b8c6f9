-- Puts attempts on record and answers what their workers need: a row an input, and one with nulls for a task without
-- inputs, in the order given. The checkpoint of an earlier attempt is one more input.
-- Repetitions are looked for, as nobody else writes here: `on conflict` would cost twice that for every attempt.
-- An attempt's beginning is an event of its own if there is more to tell than its row does.
with given as (
  select g.attempt, g.task, g.worker, g.ordinal
  from unnest($1::bigint[], $2::bigint[], $3::text[]) with ordinality as g (attempt, task, worker, ordinal)
), begun as (
  insert into espalier.open_attempt (attempt, task_id, worker, epoch, begun_event)
  select g.attempt, g.task, g.worker, $4::bigint,
         case when c.task_id is null then nextval('espalier.event_id_seq') end
  from given g
  left join espalier.checkpoint c on c.task_id = g.task
  where not exists (select from espalier.attempt a where a.attempt = g.attempt)
    and not exists (select from espalier.open_attempt o where o.attempt = g.attempt)
  returning attempt, task_id, worker, begun_event
), told as (
  insert into espalier.event (kind, task_id, attempt, worker, state, reason, tasks)
  select 'attempt', b.task_id, b.attempt, b.worker, 'running',
         format('goes on after step %s, the checkpoint of attempt %s', c.step, c.attempt), null
  from begun b
  join espalier.checkpoint c on c.task_id = b.task_id
  where b.begun_event is null
  union all
  select 'attempts', null, null, null, 'running', '', array_agg(task_id) from begun having count(begun_event) > 0
)
select g.ordinal, encode(t.key, 'hex') as key, t.spec, i.role,
       encode(coalesce(i.input_file, o.hash), 'hex') as hash, coalesce(o.bytes, 0) as bytes, i.ordinal as input
from given g
join espalier.task t on t.id = g.task
left join espalier.task_input i on i.task_id = t.id
left join espalier.output o on o.task_id = i.input_task_id and o.name = i.input_output
union all
select g.ordinal, encode(t.key, 'hex'), t.spec, 'checkpoint', encode(c.hash, 'hex'), c.bytes, 1000000
from given g
-- Few tasks have one. `offset 0`: look there before looking up the tasks.
cross join lateral (select hash, bytes from espalier.checkpoint c where c.task_id = g.task offset 0) c
join espalier.task t on t.id = g.task
order by 1, 7
