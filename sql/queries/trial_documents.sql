-- A trial a row; $2: these trials, or null for all of the job's. Metrics as one JSON object: null for what could not
-- be measured or is no finite number, absent for what doesn't exist yet. The model is the zoo's net
-- that the trial starts from; null for a file of the user's. Rungs: those that have ended.
select r.trial_id, r.group_name, r.params, r.state, t.reason, m.metrics, n.model, t.rung, t.generation, s.rungs,
       r.speedup_verdict
from v1.results r
join v1.trials t on t.id = r.trial_id
left join lateral (
  select json_object_agg(found.name, case when found.value in ('NaN', 'Infinity', '-Infinity') then null
                                          else found.value end) as metrics
  from (
    select x.name, x.value from v1.metrics x where x.trial_id = r.trial_id and x.headline
    union all
    select x.name || b.suffix, b.value
    from v1.metrics x
    cross join lateral (values ('_ci_low', x.ci_low), ('_ci_high', x.ci_high)) as b (suffix, value)
    where x.trial_id = r.trial_id and x.headline and x.name in ('accuracy', 'speedup', 'throughput_per_s')
      and b.value is not null
    union all
    select g.name, g.value
    from (values ('gain', r.gain), ('gain_ci_low', r.gain_ci_low), ('gain_ci_high', r.gain_ci_high)) as g (name, value)
    where g.value is not null
  ) found
) m on true
left join lateral (
  select k.spec -> 'model' ->> 'name' as model
  from espalier.trial_task tt
  join espalier.task k on k.id = tt.task_id
  where tt.trial_id = r.trial_id and tt.role = 'own'
  order by tt.ordinal
  limit 1
) n on true
left join lateral (
  select json_agg(json_build_object('rung', x.rung, 'epochs', x.epochs, 'value',
                                    case when x.value in ('NaN', 'Infinity', '-Infinity') then null else x.value end)
                  order by x.rung) as rungs
  from v1.rungs x
  where x.trial_id = r.trial_id and x.state = 'succeeded'
) s on t.rung is not null
where r.job_id = $1::bigint and ($2::bigint[] is null or r.trial_id = any ($2::bigint[]))
order by r.trial_id
