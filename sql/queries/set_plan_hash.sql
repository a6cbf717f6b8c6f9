update espalier.job set plan_hash = $2::text where id = $1::bigint
