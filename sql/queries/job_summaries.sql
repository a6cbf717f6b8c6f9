-- $1: one job, or null for the newest.
with chosen as (
  select id, name, description, state, groups, submitted_at, resumed_at, finished_at, search, searching, search_failure
  from espalier.job
  where $1::bigint is null or id = $1::bigint
  order by id desc
  limit 200
)
select j.id, j.name, j.description, j.state, to_json(j.groups) as groups,
       to_char(j.submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as submitted_at,
       to_char(j.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as finished_at,
       extract(epoch from now() - j.resumed_at) as elapsed_s,
       t.total, t.executed, t.reused, t.running, t.failed, t.done, t.partial,
       j.search, j.searching and j.state in ('running', 'paused') as searching, nullif(j.search_failure, '') as search_failure, s.generation, s.rungs
from chosen j
cross join lateral (
  select count(*) as total,
         count(*) filter (where s.state = 'succeeded' and not jt.reused) as executed,
         count(*) filter (where jt.reused) as reused,
         count(*) filter (where s.state in ('assigned', 'running')) as running,
         count(*) filter (where s.state = 'failed') as failed,
         count(*) filter (where s.state in ('succeeded', 'failed', 'cancelled')) as done,
         coalesce(sum(s.progress) filter (where s.state in ('assigned', 'running')), 0) as partial
  from espalier.job_task jt
  join espalier.task_now s on s.task_id = jt.task_id
  where jt.job_id = j.id
) t
left join lateral (
  -- rungs: [rung, trials that were asked to be trained up to it]
  select max(g.generation) + 1 as generation, json_agg(json_build_array(g.rung, g.trials)) as rungs
  from (select x.rung, max(x.generation) as generation, count(*) as trials from espalier.trial x
        where x.job_id = j.id and x.point is not null group by x.rung) g
) s on j.search is not null
order by j.id desc
