create view v1.comparisons as
select t.job_id, t.id as trial_id, (t.params ->> 'model.trial')::bigint as trial,
       (t.params ->> 'benchmark.against')::bigint as against, a.device_class,
       substr(split_part(m.name, '/', 2), 2)::integer as batch, substr(split_part(m.name, '/', 3), 2)::integer as threads,
       p.value as p50_ms, p.ci_low as p50_ci_low_ms, p.ci_high as p50_ci_high_ms,
       b.value as against_p50_ms, b.ci_low as against_p50_ci_low_ms, b.ci_high as against_p50_ci_high_ms,
       m.value as ratio, m.ci_low, m.ci_high, m.samples as rounds,
       v1.speed_verdict(m.ci_low, m.ci_high) as verdict,
       y.value as busy, a.worker, a.ended_at as measured_at, encode(k.key, 'hex') as task_key
from espalier.trial t
join espalier.trial_task tt on tt.trial_id = t.id and tt.role = 'own'
join espalier.task k on k.id = tt.task_id and k.stage = 'benchmark'
join espalier.task_state s on s.task_id = tt.task_id
join espalier.attempt a on a.attempt = s.result_attempt
join espalier.metric m on m.task_id = tt.task_id and m.name ~ '^speedup/b[0-9]+/t[0-9]+$' and m.value is not null
left join espalier.metric p on p.task_id = tt.task_id and p.name = 'latency_p50_ms' || substr(m.name, 8)
left join espalier.metric b on b.task_id = tt.task_id and b.name = 'baseline_p50_ms' || substr(m.name, 8)
left join espalier.metric y on y.task_id = tt.task_id and y.name = 'busy'
where t.params ? 'model.trial' and t.params ? 'benchmark.against';

comment on view v1.comparisons is 'One row a batch size and number of threads for which one trial''s model was timed against another''s, in turns in one process: what `espalier compare` prints.';
comment on column v1.comparisons.job_id is 'The job that compares them: v1.jobs.id.';
comment on column v1.comparisons.trial_id is 'Its trial that compares them: v1.trials.id.';
comment on column v1.comparisons.trial is 'The trial that is compared: v1.trials.id.';
comment on column v1.comparisons.against is 'The trial that it is compared with: v1.trials.id.';
comment on column v1.comparisons.device_class is 'What both were measured on.';
comment on column v1.comparisons.batch is 'Inputs of one forward pass.';
comment on column v1.comparisons.threads is 'Threads of one forward pass.';
comment on column v1.comparisons.p50_ms is 'Median time of one forward pass of the compared trial''s model in milliseconds.';
comment on column v1.comparisons.p50_ci_low_ms is 'Lower end of its 95 % interval in milliseconds.';
comment on column v1.comparisons.p50_ci_high_ms is 'Upper end of its 95 % interval in milliseconds.';
comment on column v1.comparisons.against_p50_ms is 'The same of the other trial''s model.';
comment on column v1.comparisons.against_p50_ci_low_ms is 'Lower end of its 95 % interval in milliseconds.';
comment on column v1.comparisons.against_p50_ci_high_ms is 'Upper end of its 95 % interval in milliseconds.';
comment on column v1.comparisons.ratio is 'Time of the other''s model over that of the compared one, by pairs of the same round; 2 is twice as fast.';
comment on column v1.comparisons.ci_low is 'Lower end of the ratio''s 95 % interval.';
comment on column v1.comparisons.ci_high is 'Upper end of the ratio''s 95 % interval.';
comment on column v1.comparisons.rounds is 'Pairs that the ratio rests on.';
comment on column v1.comparisons.verdict is 'faster or slower if the whole interval is more than half a percent away from 1, else can''t tell.';
comment on column v1.comparisons.busy is 'Share of the time in which the timing thread had no CPU, at worst; a warning above 0.02.';
comment on column v1.comparisons.worker is 'Where they were measured.';
comment on column v1.comparisons.measured_at is 'When they were measured.';
comment on column v1.comparisons.task_key is 'The task that measured: v1.tasks.key.';
