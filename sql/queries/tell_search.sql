-- What a search asked for, by the last task of each trial: so that whoever watches the job's trials hears of it.
insert into espalier.event (kind, job_id, task_id, state, reason)
select 'task', $1::bigint, s.task_id, s.state::text, 'asked for by the job''s search'
from unnest($2::bigint[]) as g (task)
join espalier.task_state s on s.task_id = g.task
