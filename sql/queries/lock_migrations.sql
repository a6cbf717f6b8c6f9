-- The number is ours alone: "espalier" on a telephone's keys.
select pg_advisory_xact_lock(37725437)
