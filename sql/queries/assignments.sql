-- A row an input, and one with nulls for a task without inputs; in the order that was asked for.
select g.ordinal, encode(t.key, 'hex') as key, t.spec, i.role,
       encode(coalesce(i.input_file, o.hash), 'hex') as hash, coalesce(o.bytes, 0) as bytes
from unnest($1::bigint[]) with ordinality as g (task, ordinal)
join espalier.task t on t.id = g.task
left join espalier.task_input i on i.task_id = t.id
left join espalier.output o on o.task_id = i.input_task_id and o.name = i.input_output
order by g.ordinal, i.ordinal
