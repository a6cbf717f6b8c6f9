-- Those that the job doesn't have yet.
insert into espalier.trial (job_id, ordinal, group_name, params)
select $1::bigint, g.ordinal, g.group_name, g.params
from unnest($2::bigint[], $3::text[], $4::jsonb[]) as g (ordinal, group_name, params)
where not exists (select from espalier.trial t
                  where t.job_id = $1::bigint and t.group_name = g.group_name and t.params = g.params)
order by g.ordinal
returning id, ordinal
