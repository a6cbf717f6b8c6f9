-- The trials that a job's search has asked for, in their order. rungs: the metric that decides of each evaluation that has
-- ended, in the pipeline's order; metrics: of each name the first that was measured.
select t.group_name, to_json(t.point), coalesce(t.generation, 0), coalesce(t.rung, 0), n.state, r.numbers, m.numbers
from espalier.trial t
join v1.trials n on n.id = t.id
left join lateral (
  select json_agg(case when x.value in ('NaN', 'Infinity', '-Infinity') then null else x.value end order by x.rung) as numbers
  from v1.rungs x
  where x.trial_id = t.id and x.state = 'succeeded'
) r on t.rung is not null
left join lateral (
  select json_object_agg(f.name, f.value) as numbers
  from (
    select distinct on (x.name) x.name, x.value
    from espalier.trial_task tt
    join espalier.metric x on x.task_id = tt.task_id
    where tt.trial_id = t.id and tt.role = 'own' and x.value not in ('NaN', 'Infinity', '-Infinity')
    order by x.name, tt.ordinal
  ) f
) m on true
where t.job_id = $1::bigint and n.job_id = $1::bigint and t.point is not null
order by t.ordinal
