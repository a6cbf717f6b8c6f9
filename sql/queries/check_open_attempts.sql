-- What runs is an attempt of a task that is ready, the only one of that task, and hasn't ended.
select count(*) over (), format('attempt %s of task %s by %s: %s', o.attempt, coalesce(left(encode(t.key, 'hex'), 12), '?'),
         o.worker,
         case when t.id is null then 'there is no such task'
              when a.attempt is not null then format('it has ended: %s', a.state)
              when s.state <> 'ready' then format('its task is %s', s.state)
              else 'its task has another one' end)
from espalier.open_attempt o
left join espalier.task t on t.id = o.task_id
left join espalier.task_state s on s.task_id = o.task_id
left join espalier.attempt a on a.attempt = o.attempt
where t.id is null or a.attempt is not null or s.state is distinct from 'ready'
   or exists (select from espalier.open_attempt other where other.task_id = o.task_id and other.attempt < o.attempt)
order by o.attempt
limit 3
