select exists (select from espalier.worker where name = $1::text)
