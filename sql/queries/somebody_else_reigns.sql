select exists (
  select from pg_locks
  where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())
    and classid = 0 and objid = 37725438 and objsubid = 1 and pid <> pg_backend_pid())
