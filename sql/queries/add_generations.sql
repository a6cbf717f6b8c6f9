insert into espalier.generation (job_id, group_name, generation, trials, feasible, front, hypervolume)
select $1::bigint, $2::text, generation, trials, feasible, front, hypervolume
from unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::double precision[])
  as g (generation, trials, feasible, front, hypervolume)
on conflict (job_id, group_name, generation) do nothing
