select distinct tt.trial_id
from espalier.event e
join espalier.trial_task tt on tt.task_id = e.task_id
join espalier.trial t on t.id = tt.trial_id and t.job_id = $1::bigint
where e.id > $2::bigint and e.id <= $3::bigint and e.task_id is not null
order by tt.trial_id
