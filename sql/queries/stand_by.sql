-- Held by the sessions of those who wait for the reign, so that who has it knows of them.
select pg_advisory_lock_shared(37725439)
