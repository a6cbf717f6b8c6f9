insert into espalier.curve_point (task_id, attempt, name, step, value)
select task, attempt, name, step, value
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::double precision[], $5::double precision[])
  as g (task, attempt, name, step, value)
on conflict (task_id, attempt, name, step) do nothing
