select group_name, generation, trials, feasible, front,
       case when hypervolume in ('NaN', 'Infinity', '-Infinity') then null else hypervolume end as hypervolume
from v1.generations
where job_id = $1::bigint
order by group_name, generation
