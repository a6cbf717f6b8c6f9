select exists (select from espalier.job where id = $1::bigint)
