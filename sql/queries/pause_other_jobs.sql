with paused as (
  update espalier.job set state = 'paused'
  where state = 'running' and id is distinct from $1::bigint
  returning id
), told as (
  insert into espalier.event (kind, job_id, state, reason)
  select 'job', id, 'paused', 'another job took its place' from paused
)
select id from paused order by id
