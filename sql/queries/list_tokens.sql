select name, role,
       case when revoked_at is not null and revoked_at < expires_at then 'revoked'
            when expires_at <= now() then 'expired' else 'valid' end,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from espalier.token
order by id
