-- The next free place of the job's tasks and of its trials.
select coalesce((select max(ordinal) + 1 from espalier.job_task where job_id = $1::bigint), 0),
       coalesce((select max(ordinal) + 1 from espalier.trial where job_id = $1::bigint), 0)
