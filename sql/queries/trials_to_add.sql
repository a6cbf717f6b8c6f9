-- Places, in what is given, of the trials that the job doesn't have yet.
select g.place - 1
from unnest($2::text[], $3::jsonb[]) with ordinality as g (group_name, params, place)
where not exists (select from espalier.trial t
                  where t.job_id = $1::bigint and t.group_name = g.group_name and t.params = g.params)
order by g.place
