-- As lock_migrations, by the session: no other program opens the database meanwhile.
select pg_advisory_lock(37725437)
