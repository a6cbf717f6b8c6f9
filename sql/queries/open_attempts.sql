select o.attempt, o.task_id, o.worker, o.heard, coalesce(w.facts ->> 'host', '') as host
from espalier.open_attempt o
left join espalier.worker w on w.name = o.worker
order by o.attempt
