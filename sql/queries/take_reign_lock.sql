-- Held by the session. The number is ours alone: "espalier" on a telephone's keys, and one more.
select pg_try_advisory_lock(37725438)
