insert into espalier.migration (version, name, checksum)
values ($1::integer, $2::text, $3::text)
on conflict (version) do update set name = excluded.name, checksum = excluded.checksum, applied_at = now()
