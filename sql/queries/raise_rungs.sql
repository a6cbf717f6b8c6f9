-- These trials are asked to be trained further.
update espalier.trial t set rung = g.rung
from unnest($1::bigint[], $2::integer[]) as g (trial, rung)
where t.id = g.trial and t.rung < g.rung
