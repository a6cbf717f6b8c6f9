-- An attempt ends once. Only "superseded" replaces an earlier end, and only "lost" or "cancelled", and only as told by
-- the worker that had the attempt. Success is told by the attempt's row; every other end is an event of its own.
with given as (
  select g.attempt, g.state::espalier.attempt_status as state, g.reason, g.seconds, g.device_class, g.worker, g.late_metrics
  from unnest($1::bigint[], $2::text[], $3::text[], $4::double precision[], $5::text[], $6::text[], $7::text[])
    as g (attempt, state, reason, seconds, device_class, worker, late_metrics)
), ended as (
  delete from espalier.open_attempt o using given g
  where o.attempt = g.attempt
  returning o.attempt, o.task_id, o.worker, o.epoch, o.begun_event, g.state, g.reason, g.seconds, g.device_class, o.started_at
), filed as (
  insert into espalier.attempt (attempt, task_id, worker, epoch, state, reason, seconds, device_class, started_at,
                                ended_at, begun_event, ended_event)
  select attempt, task_id, worker, epoch, state, reason, seconds, device_class, started_at, now(), begun_event,
         case when state = 'succeeded' then nextval('espalier.event_id_seq') end
  from ended
), superseded as (
  update espalier.attempt a
  set state = g.state, reason = g.reason, seconds = g.seconds, device_class = g.device_class,
      late_metrics = g.late_metrics::jsonb
  from given g
  where a.attempt = g.attempt and g.state = 'superseded' and a.state in ('lost', 'cancelled') and a.worker = g.worker
  returning a.attempt, a.task_id, a.worker, a.state, a.reason
)
insert into espalier.event (kind, task_id, attempt, worker, state, reason, tasks)
select 'attempt', task_id, attempt, worker, state::text, reason, null::bigint[] from ended where state <> 'succeeded'
union all
select 'attempt', task_id, attempt, worker, state::text, reason, null from superseded
union all
select 'attempts', null, null, null, 'succeeded', '', array_agg(task_id) from ended where state = 'succeeded'
having count(*) > 0
