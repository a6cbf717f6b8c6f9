update espalier.open_attempt o set heard = true, progress = g.fraction
from unnest($1::bigint[], $2::double precision[]) as g (attempt, fraction)
where o.attempt = g.attempt
