select distinct tt.trial_id
from (select task_id from espalier.event where id > $2::bigint and id <= $3::bigint and task_id is not null
      union
      select unnest(tasks) from espalier.event where id > $2::bigint and id <= $3::bigint and tasks is not null) e
join espalier.trial_task tt on tt.task_id = e.task_id
join espalier.trial t on t.id = tt.trial_id and t.job_id = $1::bigint
order by tt.trial_id
