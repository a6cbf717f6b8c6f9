select group_name, count(*) from espalier.trial where job_id = $1::bigint group by group_name
