-- A coordinator that was stopped or whose host vanished within a transaction would hold the epoch (see hold_epoch) for as
-- long as its connection seems to live.
select pg_terminate_backend(pid, 1000)
from pg_locks
where relation = 'espalier.coordinator'::regclass and mode = 'RowShareLock' and pid <> pg_backend_pid()
  and database = (select oid from pg_database where datname = current_database())
