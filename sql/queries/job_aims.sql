select objectives, constraints from espalier.job where id = $1::bigint
