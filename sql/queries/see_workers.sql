-- A worker that is gone is told by its name alone: what was known of it stays.
with given as (
  select g.name, g.session, g.device_class, g.slots, g.facts, g.alive
  from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::jsonb[], $6::boolean[])
    as g (name, session, device_class, slots, facts, alive)
), gone as (
  update espalier.worker w set alive = false, changed_at = now()
  from given g
  where w.name = g.name and w.alive and not g.alive
  returning w.name, w.alive
), came as (
  insert into espalier.worker as w (name, session, device_class, slots, facts, alive)
  select name, session, device_class, slots, facts, true from given where alive
  on conflict (name) do update
  set session = excluded.session, device_class = excluded.device_class, slots = excluded.slots,
      facts = excluded.facts, alive = true, changed_at = now()
  where (w.session, w.device_class, w.slots, w.facts, w.alive)
    is distinct from (excluded.session, excluded.device_class, excluded.slots, excluded.facts, true)
  returning w.name, w.alive
)
insert into espalier.event (kind, worker, state)
select 'worker', name, case when alive then 'alive' else 'lost' end
from (select name, alive from gone union all select name, alive from came) changed
