with given as (
  select g.name, g.cordoned from unnest($1::text[], $2::boolean[]) as g (name, cordoned)
), changed as (
  update espalier.worker w set cordoned = g.cordoned, changed_at = now()
  from given g
  where w.name = g.name and w.cordoned is distinct from g.cordoned
  returning w.name, w.cordoned
)
insert into espalier.event (kind, worker, state)
select 'worker', name, case when cordoned then 'cordoned' else 'uncordoned' end from changed
