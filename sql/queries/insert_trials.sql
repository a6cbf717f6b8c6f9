insert into espalier.trial (job_id, ordinal, group_name, params)
select $1::bigint, g.ordinal, g.group_name, g.params
from unnest($2::bigint[], $3::text[], $4::jsonb[]) as g (ordinal, group_name, params)
order by g.ordinal
returning id, ordinal
