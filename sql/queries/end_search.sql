-- Nothing more is asked for, unless the job searches by another text by now. $3: why it couldn't go on; empty if it has
-- come to its end.
with ended as (
  update espalier.job set searching = false, search_failure = $3::text
  where id = $1::bigint and text_hash = $2::text and searching
  returning id, state
), told as (
  insert into espalier.event (kind, job_id, state, reason)
  select 'job', id, state::text,
         case when $3::text = '' then 'its search has ended' else 'its search failed: ' || $3::text end
  from ended
)
select count(*) from ended
