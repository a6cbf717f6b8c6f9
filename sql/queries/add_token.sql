insert into espalier.token (name, role, hash, expires_at)
values ($1, $2, decode($3, 'hex'), now() + make_interval(secs => $4::double precision))
on conflict (name) where revoked_at is null do nothing
returning to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
