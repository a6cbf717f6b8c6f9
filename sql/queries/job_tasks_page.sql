-- The last of $3 places of a job's tasks from place $2 on, and how many there are; the last is null if there are none.
select max(ordinal), count(*)
from (select ordinal from espalier.job_task where job_id = $1::bigint and ordinal >= $2::bigint order by ordinal
      limit $3::bigint) page
