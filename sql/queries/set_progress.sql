update espalier.task_state s set progress = g.fraction
from unnest($1::text[], $2::double precision[]) as g (task, fraction)
where s.task_key = decode(g.task, 'hex') and s.state in ('assigned', 'running')
