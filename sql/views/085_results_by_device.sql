create view v1.results_by_device as
select t.id as trial_id, t.job_id, j.name as job_name, t.group_name, t.params, s.state::text as state,
       coalesce(a.device_class, k.spec ->> 'device_class') as device_class,
       h.latency_p50_ms, h.latency_p90_ms, h.latency_ci_low_ms, h.latency_ci_high_ms, h.throughput_per_s, h.speedup,
       h.speedup_ci_low, h.speedup_ci_high, h.peak_rss_bytes, h.energy_j, s.result_attempt as attempt,
       h.latency_p99_ms, h.load_time_ms,
       case when h.speedup is not null then v1.speed_verdict(h.speedup_ci_low, h.speedup_ci_high) end as speedup_verdict
from v1.trials t
join espalier.job j on j.id = t.job_id
join espalier.trial_task tt on tt.trial_id = t.id and tt.role = 'own'
join espalier.task k on k.id = tt.task_id and k.stage = 'benchmark'
join espalier.task_state s on s.task_id = tt.task_id
left join espalier.attempt a on a.attempt = s.result_attempt
cross join lateral (
  select max(m.value) filter (where m.name = 'latency_p50_ms') as latency_p50_ms,
         max(m.value) filter (where m.name = 'latency_p90_ms') as latency_p90_ms,
         max(m.value) filter (where m.name = 'latency_ci_low_ms') as latency_ci_low_ms,
         max(m.value) filter (where m.name = 'latency_ci_high_ms') as latency_ci_high_ms,
         max(m.value) filter (where m.name = 'throughput_per_s') as throughput_per_s,
         max(m.value) filter (where m.name = 'speedup') as speedup,
         max(m.ci_low) filter (where m.name = 'speedup') as speedup_ci_low,
         max(m.ci_high) filter (where m.name = 'speedup') as speedup_ci_high,
         max(m.value) filter (where m.name = 'peak_rss_bytes') as peak_rss_bytes,
         max(m.value) filter (where m.name = 'energy_j') as energy_j,
         max(m.value) filter (where m.name = 'latency_p99_ms') as latency_p99_ms,
         max(m.value) filter (where m.name = 'load_time_ms') as load_time_ms
  from espalier.metric m
  where m.task_id = tt.task_id
) h;

comment on view v1.results_by_device is 'One row a trial and device class that it is, or is to be, measured on: more than one if benchmark.device is a list. What doesn''t depend on the device is in v1.results.';
comment on column v1.results_by_device.trial_id is 'v1.trials.id.';
comment on column v1.results_by_device.job_id is 'v1.jobs.id.';
comment on column v1.results_by_device.job_name is 'v1.jobs.name.';
comment on column v1.results_by_device.group_name is 'Its group''s name in the job file.';
comment on column v1.results_by_device.params is 'The swept dotted keys and this trial''s values of them.';
comment on column v1.results_by_device.state is 'State of the task that measures, as in v1.tasks.';
comment on column v1.results_by_device.device_class is 'What it was measured on; before that, what it is to be measured on: a class, or what the job file says if no worker matched it.';
comment on column v1.results_by_device.latency_p50_ms is 'Median time of one forward pass in milliseconds.';
comment on column v1.results_by_device.latency_p90_ms is '90th percentile of the time of one forward pass in milliseconds.';
comment on column v1.results_by_device.latency_ci_low_ms is 'Lower end of the median''s 95 % interval in milliseconds.';
comment on column v1.results_by_device.latency_ci_high_ms is 'Upper end of the median''s 95 % interval in milliseconds.';
comment on column v1.results_by_device.throughput_per_s is 'Images a second at the largest measured batch.';
comment on column v1.results_by_device.speedup is 'Time of the trial''s baseline over its own, measured in turns in one process on this device; 2 is twice as fast.';
comment on column v1.results_by_device.speedup_ci_low is 'Lower end of the speed-up''s 95 % interval.';
comment on column v1.results_by_device.speedup_ci_high is 'Upper end of the speed-up''s 95 % interval.';
comment on column v1.results_by_device.peak_rss_bytes is 'Largest resident memory of the process that measured.';
comment on column v1.results_by_device.energy_j is 'Energy of one forward pass in joules; null where it can''t be measured.';
comment on column v1.results_by_device.latency_p99_ms is '99th percentile of the time of one forward pass in milliseconds; null below 662 samples.';
comment on column v1.results_by_device.load_time_ms is 'Median time in milliseconds from opening the model''s file, which lies in the page cache, to its first answer.';
comment on column v1.results_by_device.speedup_verdict is 'faster, slower or can''t tell, as in v1.results; null without a speed-up.';
comment on column v1.results_by_device.attempt is 'The attempt whose result it is: v1.attempts.attempt; null until there is one.';
