-- A task has succeeded exactly if a result was accepted, which is that of one of its attempts, which succeeded.
select count(*) over (), format('task %s (%s): %s, result %s', left(encode(t.key, 'hex'), 12), t.stage, s.state,
         case when s.result_attempt is null then 'of no attempt'
              when a.attempt is null then format('of attempt %s, which is not on record', s.result_attempt)
              when a.task_id <> s.task_id then format('of attempt %s, which is another task''s', s.result_attempt)
              else format('of attempt %s, which is %s', s.result_attempt, a.state) end)
from espalier.task_state s
join espalier.task t on t.id = s.task_id
left join espalier.attempt a on a.attempt = s.result_attempt
where (s.state = 'succeeded') <> (s.result_attempt is not null)
   or s.result_attempt is not null and (a.attempt is null or a.task_id <> s.task_id or a.state <> 'succeeded')
order by t.id
limit 3
