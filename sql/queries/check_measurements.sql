-- Metrics and outputs are a result's.
select count(*) over (), format('task %s (%s) has %s and no result', left(encode(t.key, 'hex'), 12), t.stage, m.what)
from (select task_id, 'metrics' as what from espalier.metric group by task_id
      union all
      select task_id, 'outputs' from espalier.output group by task_id) m
join espalier.task t on t.id = m.task_id
left join espalier.task_state s on s.task_id = m.task_id
where s.result_attempt is null
order by t.id
limit 3
