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
       j.search, j.searching and j.state in ('running', 'paused') as searching, nullif(j.search_failure, '') as search_failure, s.generation, s.rungs,
       w.spent_s, w.left_s, w.longest_s
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
left join lateral (
  -- The seconds of a running job's tasks: spent since it was submitted last, left, and left of the one that runs longest. What
  -- a task takes is told by how far it is, else by others of its kind, or of its stage; what doesn't train mostly takes seconds. Not
  -- of very large jobs, whose counts tell enough.
  select sum(p.spent_s) as spent_s,
         case when not bool_or(p.is_open and p.expected_s is null)
              then coalesce(sum(greatest(p.expected_s - p.running_s, 0)) filter (where p.is_open), 0) end as left_s,
         max(greatest(p.expected_s - p.running_s, 0)) filter (where p.is_open and p.running_s > 0) as longest_s
  from (
    select m.spent_s, m.running_s, m.is_open,
           coalesce(m.whole_s,
                    m.work * avg(m.whole_s / m.work) over (partition by m.stage, m.kind),
                    m.work * avg(m.whole_s / m.work) over (partition by m.stage),
                    case when m.stage in ('train', 'distill', 'finetune') then avg(m.whole_s) over () else 5 end) as expected_s
    from (
      select k.stage, k.kind, k.work, s.state in ('waiting', 'ready', 'assigned', 'running') as is_open,
             coalesce(r.seconds, 0) as running_s,
             coalesce(r.seconds, a.seconds) as spent_s,
             coalesce(e.seconds, case when s.progress >= 0.05 or s.progress > 0.002 and r.seconds > 30 then r.seconds / s.progress end) as whole_s
      from espalier.job_task jt
      join espalier.task k on k.id = jt.task_id and k.work > 0
      join espalier.task_now s on s.task_id = k.id
      left join lateral (
        select extract(epoch from now() - min(o.started_at)) as seconds from espalier.open_attempt o where o.task_id = k.id
      ) r on s.state = 'running'
      left join espalier.attempt e on e.attempt = s.result_attempt and not jt.reused
      left join lateral (
        select sum(x.seconds) as seconds from espalier.attempt x where x.task_id = k.id and x.ended_at >= j.resumed_at
      ) a on true
      where jt.job_id = j.id and j.state = 'running' and t.total <= 20000
    ) m
  ) p
) w on true
order by j.id desc
