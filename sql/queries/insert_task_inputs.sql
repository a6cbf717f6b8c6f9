insert into espalier.task_input (task_id, ordinal, role, input_task_id, input_output, input_file)
select task, ordinal, role, input_task, input_output, decode(input_file, 'hex')
from unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::text[], $6::text[])
  as g (task, ordinal, role, input_task, input_output, input_file)
on conflict (task_id, ordinal) do nothing
