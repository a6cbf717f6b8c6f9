-- A row for each of a trial's own tasks, in the order of its pipeline; one with nulls if it has none, and no row if there
-- is no such trial. files: the user's among its inputs, by role. target: what its job asks of a worker for it.
select k.stage, n.state, n.reason, k.spec, f.files, encode(o.hash, 'hex') as model, j.targets -> jt.target as target
from espalier.trial t
join espalier.job j on j.id = t.job_id
left join espalier.trial_task tt on tt.trial_id = t.id and tt.role = 'own'
left join espalier.task k on k.id = tt.task_id
left join espalier.task_now n on n.task_id = tt.task_id
left join espalier.output o on o.task_id = tt.task_id and o.name = 'model'
left join lateral (
  select json_object_agg(i.role, encode(i.input_file, 'hex')) as files
  from espalier.task_input i where i.task_id = tt.task_id and i.input_file is not null
) f on true
left join lateral (
  select x.target from espalier.job_task x where x.task_id = tt.task_id and x.job_id = t.job_id limit 1
) jt on true
where t.id = $1::bigint
order by tt.ordinal
