insert into espalier.task_input (task_key, ordinal, role, input_task, input_output, input_file)
select decode(g.task, 'hex'), g.ordinal, g.role, decode(g.input_task, 'hex'), g.input_output,
       decode(g.input_file, 'hex')
from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[])
  as g (task, ordinal, role, input_task, input_output, input_file)
on conflict (task_key, ordinal) do nothing
