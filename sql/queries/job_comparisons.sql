-- A row for each measurement of a job that compares trials: by trial, device, threads and batch size.
select c.trial, c.against, c.device_class, c.batch, c.threads, c.p50_ms, c.p50_ci_low_ms, c.p50_ci_high_ms,
       c.against_p50_ms, c.against_p50_ci_low_ms, c.against_p50_ci_high_ms, c.ratio, c.ci_low, c.ci_high, c.rounds,
       c.verdict, c.busy, c.worker,
       to_char(c.measured_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as measured_at
from v1.comparisons c
where c.job_id = $1::bigint
order by c.trial_id, c.device_class, c.threads, c.batch
