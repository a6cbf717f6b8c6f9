-- Seconds for one unit of work of each kind on each device class, of the latest attempts.
select t.kind, a.device_class, avg(a.seconds / t.work)
from (select task_id, device_class, seconds, state from espalier.attempt order by attempt desc limit 20000) a
join espalier.task t on t.id = a.task_id and t.kind <> 0 and t.work > 0 and not t.exclusive
where a.state = 'succeeded' and a.device_class <> ''
group by t.kind, a.device_class
