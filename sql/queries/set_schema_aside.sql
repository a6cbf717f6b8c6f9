-- Within the same database, so that it can be had back. What a restoration that was killed has set aside stays there.
do $$
begin
  drop schema if exists v1 cascade;
  if to_regnamespace('espalier') is not null then
    drop schema if exists espalier_replaced cascade;
    alter schema espalier rename to espalier_replaced;
  end if;
end
$$
