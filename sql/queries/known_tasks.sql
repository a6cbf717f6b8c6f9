select encode(t.key, 'hex'), t.id, s.state, s.failures
from unnest($1::text[]) as g (key)
join espalier.task t on t.key = decode(g.key, 'hex')
join espalier.task_state s on s.task_id = t.id
