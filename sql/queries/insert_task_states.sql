insert into espalier.task_state (task_id, state)
select task, state::espalier.task_status from unnest($1::bigint[], $2::text[]) as g (task, state)
