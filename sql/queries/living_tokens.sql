select name, role, encode(hash, 'hex'), extract(epoch from expires_at - now())::double precision
from espalier.token
where revoked_at is null and expires_at > now()
