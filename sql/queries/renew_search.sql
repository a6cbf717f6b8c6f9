-- The job searches on, by another text.
update espalier.job
set text = $2::text, text_hash = $3::text, plan_hash = $4::text, folder = $5::text, search = $6::jsonb, searching = true,
    search_failure = ''
where id = $1::bigint
