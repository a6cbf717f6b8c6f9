select pg_advisory_unlock(37725437)
