-- A row an input, and one with nulls for a task without inputs; in the order that was asked for. The checkpoint of an
-- earlier attempt is one more input.
with given as (
  select g.ordinal, g.task from unnest($1::bigint[]) with ordinality as g (task, ordinal)
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
join espalier.checkpoint c on c.task_id = g.task
join espalier.task t on t.id = g.task
order by 1, 7
