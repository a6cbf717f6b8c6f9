with resumed as (
  update espalier.job set state = 'running', resumed_at = now(), finished_at = null where id = $1::bigint returning id
)
insert into espalier.event (kind, job_id, state, reason) select 'job', id, 'running', 'resumed' from resumed
