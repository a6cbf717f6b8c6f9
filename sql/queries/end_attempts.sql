-- An attempt ends once. Only "superseded" replaces an earlier end, and only "lost" or "cancelled", and only as told by
-- the worker that had the attempt.
with given as (
  select g.attempt, g.state::espalier.attempt_status as state, g.reason, g.seconds, g.device_class, g.worker
  from unnest($1::bigint[], $2::text[], $3::text[], $4::double precision[], $5::text[], $6::text[])
    as g (attempt, state, reason, seconds, device_class, worker)
), ended as (
  delete from espalier.open_attempt o using given g
  where o.attempt = g.attempt
  returning o.attempt, o.task_id, o.worker, o.epoch, g.state, g.reason, g.seconds, g.device_class, o.started_at
), filed as (
  insert into espalier.attempt (attempt, task_id, worker, epoch, state, reason, seconds, device_class, started_at,
                                ended_at)
  select attempt, task_id, worker, epoch, state, reason, seconds, device_class, started_at, now() from ended
), superseded as (
  update espalier.attempt a
  set state = g.state, reason = g.reason, seconds = g.seconds, device_class = g.device_class
  from given g
  where a.attempt = g.attempt and g.state = 'superseded' and a.state in ('lost', 'cancelled') and a.worker = g.worker
  returning a.attempt, a.task_id, a.worker, a.state, a.reason
)
insert into espalier.event (kind, task_id, attempt, worker, state, reason)
select 'attempt', task_id, attempt, worker, state::text, reason from ended
union all
select 'attempt', task_id, attempt, worker, state::text, reason from superseded
