-- Says whether somebody stands by.
with shown as (
  insert into espalier.sign_of_life (at) values (clock_timestamp())
  on conflict (only_row) do update set at = excluded.at
)
select exists (
  select from pg_locks
  where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    and classid = 0 and objid = 37725439 and objsubid = 1 and pid <> pg_backend_pid())
