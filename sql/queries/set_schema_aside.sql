-- Within the same database, so that it can be had back.
do $$
begin
  drop schema if exists v1 cascade;
  drop schema if exists espalier_replaced cascade;
  if to_regnamespace('espalier') is not null then
    alter schema espalier rename to espalier_replaced;
  end if;
end
$$
