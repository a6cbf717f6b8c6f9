-- Of what is given, a row each in its order: the trial of the job that it is, null if there is none; how many tasks that
-- needs, the rung that it has been asked for, and its tasks but for benchmarks: which of these there are depends on the
-- workers that were there.
select t.id, n.tasks, t.rung, n.before_benchmarks
from unnest($2::text[], $3::jsonb[]) with ordinality as g (group_name, params, place)
left join lateral (
  select it.id, it.rung from espalier.trial it
  where it.job_id = $1::bigint and it.group_name = g.group_name and it.params = g.params
  limit 1
) t on true
left join lateral (
  select count(*) as tasks, to_json(array_agg(tt.task_id order by tt.ordinal) filter (where k.stage <> 'benchmark'))
    as before_benchmarks
  from espalier.trial_task tt
  join espalier.task k on k.id = tt.task_id
  where tt.trial_id = t.id
) n on true
order by g.place
