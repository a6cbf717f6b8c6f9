-- A row an input, and one with nulls for a task without inputs; in the order that was asked for.
select g.ordinal, t.spec, i.role, encode(coalesce(i.input_file, o.hash), 'hex') as hash, coalesce(o.bytes, 0) as bytes
from unnest($1::text[]) with ordinality as g (task, ordinal)
join espalier.task t on t.key = decode(g.task, 'hex')
left join espalier.task_input i on i.task_key = t.key
left join espalier.output o on o.task_key = i.input_task and o.name = i.input_output
order by g.ordinal, i.ordinal
