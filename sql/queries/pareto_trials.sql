select trial_id from v1.pareto where job_id = $1::bigint order by trial_id
