select w.name, w.device_class, w.slots, w.alive, count(o.attempt) as running, w.cordoned, w.facts
from espalier.worker w
left join espalier.open_attempt o on o.worker = w.name
group by w.name
order by w.name
