update espalier.job set targets = $2::jsonb where id = $1::bigint and targets <> $2::jsonb
