-- A job's own state shows in the states of its unfinished trials.
select exists (select from espalier.event where id > $2::bigint and id <= $3::bigint and kind = 'job' and job_id = $1::bigint)
