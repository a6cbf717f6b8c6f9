-- Every objective becomes a cost, less is better, and what was not measured costs infinitely much. A vector of costs
-- that dominates another also stands before it in the order of arrays, which is the cheap test that comes first.
-- A trial is compared as it was measured on one device class, and where an objective depends on the device with those
-- of that class alone.
create view v1.pareto_by_device as
select j.id as job_id, f.trial_id, f.device_class, f.objectives
from espalier.job j
cross join lateral (
  with aim as materialized (
    select o ->> 'metric' as metric, (o ->> 'maximize')::boolean as maximize, n as ordinal,
           o ->> 'metric' like 'latency%' or o ->> 'metric' in ('throughput_per_s', 'speedup', 'peak_rss_bytes',
                                                                'load_time_ms', 'energy_j') as of_device
    from jsonb_array_elements(
      case when jsonb_array_length(j.objectives) > 0 then j.objectives
           else '[{"metric": "accuracy", "maximize": true}, {"metric": "latency_p50_ms", "maximize": false},
                  {"metric": "size_bytes", "maximize": false}]'::jsonb end) with ordinality as a (o, n)
  ), measured as materialized (
    select t.id as trial_id, b.device_class, m.found
    from v1.trials t
    left join lateral (
      select tt.task_id, a.device_class
      from espalier.trial_task tt
      join espalier.task k on k.id = tt.task_id and k.stage = 'benchmark'
      join espalier.task_state s on s.task_id = tt.task_id
      join espalier.attempt a on a.attempt = s.result_attempt
      where tt.trial_id = t.id and tt.role = 'own'
    ) b on true
    cross join lateral (
      select jsonb_object_agg(x.name, x.value) as found
      from (
        select distinct on (v.name) v.name, v.value
        from (
          select m.name, m.value, tt.ordinal
          from espalier.trial_task tt
          join espalier.metric m on m.task_id = tt.task_id
          join espalier.task k on k.id = tt.task_id
          where tt.trial_id = t.id and tt.role = 'own' and (k.stage <> 'benchmark' or tt.task_id = b.task_id)
        ) v
        where v.value is not null and v.value not in ('NaN', 'Infinity', '-Infinity')
        order by v.name, v.ordinal
      ) x
    ) m
    where t.job_id = j.id and t.state = 'succeeded'
  ), point as materialized (
    select p.trial_id, p.device_class,
           case when (select bool_or(of_device) from aim) then p.device_class end as compared_on,
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
  select a.trial_id, a.device_class, a.objectives
  from point a
  where not exists (
    select from point b
    where b.costs < a.costs and b.compared_on is not distinct from a.compared_on
      and not exists (select from unnest(b.costs, a.costs) as c (theirs, ours) where c.theirs > c.ours)
  )
) f;

comment on view v1.pareto_by_device is 'The Pareto set of each job for each device class that its trials were measured on. v1.results_by_device has their latencies.';
comment on column v1.pareto_by_device.job_id is 'v1.jobs.id.';
comment on column v1.pareto_by_device.trial_id is 'v1.trials.id.';
comment on column v1.pareto_by_device.device_class is 'What it was measured on; null if it wasn''t.';
comment on column v1.pareto_by_device.objectives is 'The job''s objectives and this trial''s values of them on that device.';

create view v1.pareto as
select r.trial_id, r.job_id, r.job_name, r.group_name, r.params, r.state,
       r.accuracy, r.loss, r.parameters, r.macs, r.size_bytes, r.sparsity, r.latency_p50_ms, r.latency_p90_ms,
       r.latency_ci_low_ms, r.latency_ci_high_ms, r.throughput_per_s, r.speedup, r.peak_rss_bytes, r.energy_j,
       r.accuracy_ci_low, r.accuracy_ci_high, r.speedup_ci_low, r.speedup_ci_high, r.gain, r.gain_ci_low,
       r.gain_ci_high, r.device_class, f.objectives, r.rung, r.generation,
       r.flops, r.latency_p99_ms, r.load_time_ms, r.output_difference, r.operators_without_rule, r.speedup_verdict
from v1.pareto_by_device f
cross join lateral (
  -- Offset keeps the planner from computing every trial's results to find those of a few.
  select * from v1.results found where found.trial_id = f.trial_id offset 0
) r
where f.device_class is null or r.device_class is null or r.device_class = f.device_class;

comment on view v1.pareto is 'The succeeded trials of each job that no other of the job dominates under its objectives and that fulfil its constraints, as rows of v1.results. Objectives if a job names none: accuracy max, latency_p50_ms min, size_bytes min. What was not measured counts as the worst value and fulfils no constraint. Trials that were measured on different device classes don''t dominate each other in what depends on the device; of several classes this is the first one, and v1.pareto_by_device has all.';
do $$
declare
  same record;
begin
  for same in
    select attname, col_description(attrelid, attnum) as meaning
    from pg_attribute where attrelid = 'v1.results'::regclass and attnum > 0
  loop
    execute format('comment on column v1.pareto.%I is %L', same.attname, same.meaning);
  end loop;
end
$$;
comment on column v1.pareto.objectives is 'The job''s objectives and this trial''s values of them.';
