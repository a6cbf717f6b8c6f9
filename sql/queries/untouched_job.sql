-- As job_summaries, for a job of whose tasks none has begun.
select id, name, description, state, to_json(groups) as groups,
       to_char(submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as submitted_at,
       null::text as finished_at, 0 as elapsed_s,
       (select count(*) from espalier.job_task where job_id = $1::bigint) as total,
       0 as executed, 0 as reused, 0 as running, 0 as failed, 0 as done, 0 as partial,
       search, searching, nullif(search_failure, '') as search_failure, null::bigint as generation, null::json as rungs,
       null::float8 as spent_s, null::float8 as left_s, null::float8 as longest_s
from espalier.job
where id = $1::bigint
