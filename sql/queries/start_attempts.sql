with begun as (
  insert into espalier.open_attempt (attempt, task_id, worker, epoch)
  select g.attempt, g.task, g.worker, $4::bigint
  from unnest($1::bigint[], $2::bigint[], $3::text[]) as g (attempt, task, worker)
  where not exists (select from espalier.attempt a where a.attempt = g.attempt)
  on conflict (attempt) do nothing
  returning attempt, task_id, worker
)
insert into espalier.event (kind, task_id, attempt, worker, state)
select 'attempt', task_id, attempt, worker, 'running' from begun
