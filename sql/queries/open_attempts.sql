select attempt, encode(task_key, 'hex'), worker from espalier.open_attempt order by attempt
