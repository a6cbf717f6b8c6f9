-- The role belongs to the whole cluster: another database may have made it, or we may not be allowed to.
do $$
begin
  begin
    create role espalier_reader nologin;
  exception
    when duplicate_object or unique_violation or insufficient_privilege then null;
  end;
  if exists (select from pg_roles where rolname = 'espalier_reader') then
    grant usage on schema v1 to espalier_reader;
    grant select on all tables in schema v1 to espalier_reader;
  end if;
end
$$;
