-- Every objective becomes a cost, less is better, and what was not measured costs infinitely much. A vector of costs
-- that dominates another also stands before it in the order of arrays, which is the cheap test that comes first.
create view v1.pareto as
select f.trial_id, j.id as job_id, f.group_name, f.params, f.objectives
from espalier.job j
cross join lateral (
  with aim as materialized (
    select o ->> 'metric' as metric, (o ->> 'maximize')::boolean as maximize, n as ordinal
    from jsonb_array_elements(
      case when jsonb_array_length(j.objectives) > 0 then j.objectives
           else '[{"metric": "accuracy", "maximize": true}, {"metric": "latency_p50_ms", "maximize": false},
                  {"metric": "size_bytes", "maximize": false}]'::jsonb end) with ordinality as a (o, n)
  ), measured as materialized (
    select t.id as trial_id, t.group_name, t.params, m.found
    from v1.trials t
    cross join lateral (
      select jsonb_object_agg(x.name, x.value) as found
      from (
        select distinct on (v.name) v.name, v.value
        from (
          select m.name, m.value, tt.ordinal
          from espalier.trial_task tt
          join espalier.metric m on m.task_key = tt.task_key
          where tt.trial_id = t.id and tt.role = 'own'
        ) v
        where v.value is not null and v.value not in ('NaN', 'Infinity', '-Infinity')
        order by v.name, v.ordinal
      ) x
    ) m
    where t.job_id = j.id and t.state = 'succeeded'
  ), point as materialized (
    select p.trial_id, p.group_name, p.params,
           (select array_agg(coalesce((p.found ->> a.metric)::double precision
                                        * case when a.maximize then -1 else 1 end, 'Infinity') order by a.ordinal)
            from aim a) as costs,
           (select jsonb_object_agg(a.metric, p.found -> a.metric) from aim a) as objectives
    from measured p
    where not exists (
        select from jsonb_array_elements(j.constraints) c
        where coalesce(not case c ->> 'comparison'
            when '>=' then (p.found ->> (c ->> 'metric'))::double precision >= (c ->> 'bound')::double precision
            when '<=' then (p.found ->> (c ->> 'metric'))::double precision <= (c ->> 'bound')::double precision
            when '>' then (p.found ->> (c ->> 'metric'))::double precision > (c ->> 'bound')::double precision
            when '<' then (p.found ->> (c ->> 'metric'))::double precision < (c ->> 'bound')::double precision
            when '==' then (p.found ->> (c ->> 'metric'))::double precision = (c ->> 'bound')::double precision
          end, true)
      )
      and exists (select from aim a where p.found ? a.metric)
    order by costs
  )
  select a.trial_id, a.group_name, a.params, a.objectives
  from point a
  where not exists (
    select from point b
    where b.costs < a.costs
      and not exists (select from unnest(b.costs, a.costs) as c (theirs, ours) where c.theirs > c.ours)
  )
) f;

comment on view v1.pareto is 'The succeeded trials of each job that no other of the job dominates under its objectives and that fulfil its constraints. Objectives if a job names none: accuracy max, latency_p50_ms min, size_bytes min. What was not measured counts as the worst value and fulfils no constraint.';
comment on column v1.pareto.trial_id is 'v1.trials.id.';
comment on column v1.pareto.job_id is 'v1.jobs.id.';
comment on column v1.pareto.group_name is 'Its group''s name in the job file.';
comment on column v1.pareto.params is 'The swept dotted keys and this trial''s values of them.';
comment on column v1.pareto.objectives is 'The job''s objectives and this trial''s values of them.';
