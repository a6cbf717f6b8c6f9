with begun as (
  insert into espalier.open_attempt (attempt, task_id, worker, epoch)
  select g.attempt, g.task, g.worker, $4::bigint
  from unnest($1::bigint[], $2::bigint[], $3::text[]) as g (attempt, task, worker)
  where not exists (select from espalier.attempt a where a.attempt = g.attempt)
  on conflict (attempt) do nothing
  returning attempt, task_id, worker
)
insert into espalier.event (kind, task_id, attempt, worker, state, reason)
select 'attempt', b.task_id, b.attempt, b.worker, 'running',
       case when c.task_id is null then ''
            else format('goes on after step %s, the checkpoint of attempt %s', c.step, c.attempt) end
from begun b
left join espalier.checkpoint c on c.task_id = b.task_id
