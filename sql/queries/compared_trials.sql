-- The two trials of each comparison of a job, those too that aren't measured yet.
with pair as (
  select distinct (t.params ->> 'model.trial')::bigint as trial, (t.params ->> 'benchmark.against')::bigint as against
  from espalier.trial t
  where t.job_id = $1::bigint and t.params ? 'model.trial' and t.params ? 'benchmark.against'
)
select r.trial_id, r.job_id, r.job_name, r.group_name, r.params, r.accuracy, r.accuracy_ci_low, r.accuracy_ci_high,
       r.size_bytes
from v1.results r
where r.trial_id = any (array(select trial from pair union select against from pair))
order by r.trial_id
