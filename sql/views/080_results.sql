create view v1.results as
select t.id as trial_id, t.job_id, j.name as job_name, t.group_name, t.params, t.state,
       h.accuracy, h.loss, h.parameters, h.macs, h.size_bytes, h.sparsity, h.latency_p50_ms, h.latency_p90_ms,
       h.latency_ci_low_ms, h.latency_ci_high_ms, h.throughput_per_s, h.speedup, h.peak_rss_bytes, h.energy_j,
       h.accuracy_ci_low, h.accuracy_ci_high, h.speedup_ci_low, h.speedup_ci_high,
       h.accuracy - w.accuracy as gain,
       h.accuracy - w.accuracy - sqrt((h.accuracy_ci_high - h.accuracy_ci_low) ^ 2 + (w.ci_high - w.ci_low) ^ 2) / 2
         as gain_ci_low,
       h.accuracy - w.accuracy + sqrt((h.accuracy_ci_high - h.accuracy_ci_low) ^ 2 + (w.ci_high - w.ci_low) ^ 2) / 2
         as gain_ci_high,
       h.device_class, t.rung, t.generation,
       h.flops, h.latency_p99_ms, h.load_time_ms, h.output_difference, h.operators_without_rule,
       case when h.speedup is not null then v1.speed_verdict(h.speedup_ci_low, h.speedup_ci_high) end as speedup_verdict
from v1.trials t
join espalier.job j on j.id = t.job_id
cross join lateral (
  select max(m.value) filter (where m.name = 'accuracy') as accuracy,
         max(m.value) filter (where m.name = 'loss') as loss,
         max(m.value) filter (where m.name = 'params') as parameters,
         max(m.value) filter (where m.name = 'macs') as macs,
         max(m.value) filter (where m.name = 'size_bytes') as size_bytes,
         max(m.value) filter (where m.name = 'sparsity') as sparsity,
         max(m.value) filter (where m.name = 'latency_p50_ms') as latency_p50_ms,
         max(m.value) filter (where m.name = 'latency_p90_ms') as latency_p90_ms,
         max(m.value) filter (where m.name = 'latency_ci_low_ms') as latency_ci_low_ms,
         max(m.value) filter (where m.name = 'latency_ci_high_ms') as latency_ci_high_ms,
         max(m.value) filter (where m.name = 'throughput_per_s') as throughput_per_s,
         max(m.value) filter (where m.name = 'speedup') as speedup,
         max(m.value) filter (where m.name = 'peak_rss_bytes') as peak_rss_bytes,
         max(m.value) filter (where m.name = 'energy_j') as energy_j,
         max(m.ci_low) filter (where m.name = 'accuracy') as accuracy_ci_low,
         max(m.ci_high) filter (where m.name = 'accuracy') as accuracy_ci_high,
         max(m.ci_low) filter (where m.name = 'speedup') as speedup_ci_low,
         max(m.ci_high) filter (where m.name = 'speedup') as speedup_ci_high,
         max(m.device_class) filter (where m.name = 'latency_p50_ms') as device_class,
         max(m.value) filter (where m.name = 'flops') as flops,
         max(m.value) filter (where m.name = 'latency_p99_ms') as latency_p99_ms,
         max(m.value) filter (where m.name = 'load_time_ms') as load_time_ms,
         max(m.value) filter (where m.name = 'output_difference') as output_difference,
         max(m.value) filter (where m.name = 'operators_without_rule') as operators_without_rule
  from v1.metrics m
  where m.trial_id = t.id and m.headline
) h
left join lateral (
  select m.value as accuracy, m.ci_low, m.ci_high
  from espalier.trial_task tt
  join espalier.metric m on m.task_id = tt.task_id and m.name = 'accuracy'
  where tt.trial_id = t.id and tt.role = 'twin'
  order by tt.ordinal
  limit 1
) w on true;

comment on view v1.results is 'One row a trial with its headline metrics; null where a metric does not exist yet or could not be measured.';
comment on column v1.results.trial_id is 'v1.trials.id.';
comment on column v1.results.job_id is 'v1.jobs.id.';
comment on column v1.results.job_name is 'v1.jobs.name.';
comment on column v1.results.group_name is 'Its group''s name in the job file.';
comment on column v1.results.params is 'The swept dotted keys and this trial''s values of them. The number of weights is in "parameters".';
comment on column v1.results.state is 'State of the trial, as in v1.trials.';
comment on column v1.results.accuracy is 'Share of the validation images that are classified right, 0 to 1.';
comment on column v1.results.loss is 'Mean cross-entropy over the validation images.';
comment on column v1.results.parameters is 'The headline metric "params": number of the net''s parameters. Named apart from the swept params.';
comment on column v1.results.macs is 'Multiply-accumulates of one image''s forward pass.';
comment on column v1.results.size_bytes is 'Size of the model''s file in bytes.';
comment on column v1.results.sparsity is 'Share of the weights that are zero, 0 to 1.';
comment on column v1.results.latency_p50_ms is 'Median time of one forward pass in milliseconds.';
comment on column v1.results.latency_p90_ms is '90th percentile of the time of one forward pass in milliseconds.';
comment on column v1.results.latency_ci_low_ms is 'Lower end of the median''s 95 % interval in milliseconds.';
comment on column v1.results.latency_ci_high_ms is 'Upper end of the median''s 95 % interval in milliseconds.';
comment on column v1.results.throughput_per_s is 'Images a second at the largest measured batch.';
comment on column v1.results.speedup is 'Time of the trial''s baseline over its own, measured in turns in one process; 2 is twice as fast.';
comment on column v1.results.peak_rss_bytes is 'Largest resident memory of the process that measured.';
comment on column v1.results.energy_j is 'Energy of one forward pass in joules; null where it can''t be measured.';
comment on column v1.results.accuracy_ci_low is 'Lower end of the accuracy''s 95 % interval.';
comment on column v1.results.accuracy_ci_high is 'Upper end of the accuracy''s 95 % interval.';
comment on column v1.results.speedup_ci_low is 'Lower end of the speed-up''s 95 % interval.';
comment on column v1.results.speedup_ci_high is 'Upper end of the speed-up''s 95 % interval.';
comment on column v1.results.gain is 'A distilled student''s accuracy less that of its teacherless twin; null for any other trial.';
comment on column v1.results.gain_ci_low is 'Lower end of the gain''s 95 % interval: the half-widths of the two accuracies'' intervals, added in quadrature. A normal approximation that takes the two as independent; they share their images, so the true interval is rather narrower.';
comment on column v1.results.gain_ci_high is 'Upper end of the gain''s 95 % interval; see gain_ci_low.';
comment on column v1.results.device_class is 'What the latencies were measured on.';
comment on column v1.results.rung is 'Up to which rung its search asked for it to be trained, from 1; null unless its group is searched by halving. Before the last it has no headline metrics.';
comment on column v1.results.generation is 'The generation that it belongs to, from 1; null unless its group is searched by nsga2.';
comment on column v1.results.flops is 'Floating-point operations of one image''s forward pass: twice the macs.';
comment on column v1.results.latency_p99_ms is '99th percentile of the time of one forward pass in milliseconds; null below 662 samples.';
comment on column v1.results.load_time_ms is 'Median time in milliseconds from opening the model''s file, which lies in the page cache, to its first answer.';
comment on column v1.results.output_difference is 'Largest difference of the timed form''s outputs from those of the net as it is in fp32, over the largest output, on random inputs; for an int8 net from its own.';
comment on column v1.results.operators_without_rule is 'How many kinds of operators macs leaves out; v1.uncounted_operators names them.';
comment on column v1.results.speedup_verdict is 'faster or slower if the speed-up''s whole interval is more than half a percent away from 1, else can''t tell; null without a speed-up.';
