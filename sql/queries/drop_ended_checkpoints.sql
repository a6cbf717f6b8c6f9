delete from espalier.checkpoint c using espalier.task_state s
where s.task_id = c.task_id and s.result_attempt is not null
