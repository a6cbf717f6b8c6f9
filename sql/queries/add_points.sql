insert into espalier.curve_point (task_key, attempt, name, step, value)
select decode(g.task, 'hex'), g.attempt, g.name, g.step, g.value
from unnest($1::text[], $2::bigint[], $3::text[], $4::double precision[], $5::double precision[])
  as g (task, attempt, name, step, value)
on conflict (task_key, attempt, name, step) do nothing
