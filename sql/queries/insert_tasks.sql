with given as (
  select decode(g.key, 'hex') as key, g.stage, g.exclusive, g.spec
  from unnest($1::text[], $2::text[], $3::boolean[], $4::json[]) as g (key, stage, exclusive, spec)
), stated as (
  insert into espalier.task_state (task_key) select key from given on conflict (task_key) do nothing
)
insert into espalier.task (key, stage, exclusive, spec)
select key, stage, exclusive, spec from given
on conflict (key) do nothing
