-- The job runs again, with further groups.
with extended as (
  update espalier.job j
  set state = 'running', resumed_at = now(), finished_at = null, targets = $3::jsonb,
      groups = j.groups || array(select name from unnest($2::text[]) with ordinality as g (name, ordinal)
                                 where name <> all (j.groups) order by ordinal)
  where id = $1::bigint
  returning id
)
insert into espalier.event (kind, job_id, state, reason) select 'job', id, 'running', 'extended' from extended
