-- The first result of a task is its only one.
update espalier.task_state s set state = 'succeeded', reason = '', updated_at = now(), result_attempt = g.attempt
from unnest($1::bigint[], $2::bigint[]) as g (task, attempt)
where s.task_id = g.task and s.result_attempt is null
