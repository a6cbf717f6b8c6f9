-- The session that holds the reign, and those that are within a transaction of that reign: a coordinator that was
-- stopped in the middle of one holds the epoch's row, and nobody could begin the next.
select pg_terminate_backend(pid, 1000)
from (
  select distinct pid
  from pg_locks
  where granted and database = (select oid from pg_database where datname = current_database())
    and pid <> pg_backend_pid()
    and (locktype = 'advisory' and classid = 0 and objid = 37725438 and objsubid = 1
         or locktype = 'relation' and relation = 'espalier.coordinator'::regclass and mode = 'RowShareLock')
) holding
