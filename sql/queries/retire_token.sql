-- An expired token's name is free again.
update espalier.token set revoked_at = expires_at
where name = $1 and revoked_at is null and expires_at <= now()
