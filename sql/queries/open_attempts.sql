select attempt, task_id, worker, heard from espalier.open_attempt order by attempt
