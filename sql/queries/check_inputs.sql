-- What may run, or has, has all of its inputs.
select count(*) over (), format('task %s (%s) is %s, and its input %s of task %s is not there', left(encode(t.key, 'hex'), 12),
         t.stage, s.state, i.role, left(encode(other.key, 'hex'), 12))
from espalier.task_state s
join espalier.task t on t.id = s.task_id
join espalier.task_input i on i.task_id = s.task_id and i.input_task_id is not null
join espalier.task other on other.id = i.input_task_id
left join espalier.output o on o.task_id = i.input_task_id and o.name = i.input_output
where s.state in ('ready', 'succeeded') and o.task_id is null
order by t.id
limit 3
