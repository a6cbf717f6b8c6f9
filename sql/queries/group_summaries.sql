-- How many trials of each of the jobs' groups are in which state, and how far they are, 0..1 each.
select g.job_id, g.group_name, g.state, count(*) as trials, sum(g.progress) as progress
from unnest($1::bigint[]) as j (id)
join v1.trials g on g.job_id = j.id
group by g.job_id, g.group_name, g.state
