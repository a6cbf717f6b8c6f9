create view v1.metrics as
select tt.trial_id, m.name, m.value, m.unit, m.ci_low, m.ci_high, a.device_class, m.samples,
       encode(k.key, 'hex') as task_key, k.stage, s.result_attempt as attempt,
       (m.name in ('accuracy', 'loss', 'params', 'macs', 'flops', 'size_bytes', 'sparsity', 'latency_p50_ms',
                  'latency_p90_ms', 'latency_p99_ms', 'latency_ci_low_ms', 'latency_ci_high_ms', 'throughput_per_s',
                  'speedup', 'peak_rss_bytes', 'load_time_ms', 'energy_j', 'output_difference',
                  'operators_without_rule') or starts_with(m.name, 'calls_without_rule/'))
         and not exists (
           select from espalier.trial_task earlier
           join espalier.metric e on e.task_id = earlier.task_id
           where earlier.trial_id = tt.trial_id and earlier.role = 'own' and earlier.ordinal < tt.ordinal
             and e.name = m.name
         ) as headline
from espalier.trial_task tt
join espalier.metric m on m.task_id = tt.task_id
join espalier.task_state s on s.task_id = tt.task_id
left join espalier.attempt a on a.attempt = s.result_attempt
join espalier.task k on k.id = tt.task_id
where tt.role = 'own';

comment on view v1.metrics is 'One row a number that one of a trial''s own tasks measured.';
comment on column v1.metrics.trial_id is 'v1.trials.id.';
comment on column v1.metrics.name is 'Name of the metric: accuracy, latency_p50_ms …';
comment on column v1.metrics.value is 'The value; null if it could not be measured, which is not 0.';
comment on column v1.metrics.unit is 'Unit; empty for a pure ratio.';
comment on column v1.metrics.ci_low is 'Lower end of the 95 % interval; null where there is none.';
comment on column v1.metrics.ci_high is 'Upper end of the 95 % interval; null where there is none.';
comment on column v1.metrics.device_class is 'What it was measured on; latencies compare only within one class.';
comment on column v1.metrics.samples is 'Observations it rests on; 0 if nothing was sampled.';
comment on column v1.metrics.task_key is 'The task that measured it: v1.tasks.key.';
comment on column v1.metrics.stage is 'Stage of that task.';
comment on column v1.metrics.attempt is 'The attempt whose result it is: v1.attempts.attempt.';
comment on column v1.metrics.headline is 'It is the value that v1.results shows: a headline name, or an operator that macs leaves out, by the first task of the trial that measured it.';
