with begun as (
  insert into espalier.open_attempt (attempt, task_key, worker, epoch)
  select g.attempt, decode(g.task, 'hex'), g.worker, $4::bigint
  from unnest($1::bigint[], $2::text[], $3::text[]) as g (attempt, task, worker)
  where not exists (select from espalier.attempt a where a.attempt = g.attempt)
  on conflict (attempt) do nothing
  returning attempt, task_key, worker
)
insert into espalier.event (kind, task_key, attempt, worker, state)
select 'attempt', task_key, attempt, worker, 'running' from begun order by attempt
