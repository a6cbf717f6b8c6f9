with changed as (
  update espalier.job j
  set state = g.state::espalier.job_status,
      finished_at = case when g.state in ('running', 'paused') then null else now() end
  from unnest($1::bigint[], $2::text[]) as g (job, state)
  where j.id = g.job and j.state <> g.state::espalier.job_status
  returning j.id, j.state
)
insert into espalier.event (kind, job_id, state) select 'job', id, state::text from changed order by id
