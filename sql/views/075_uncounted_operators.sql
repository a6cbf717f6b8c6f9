create view v1.uncounted_operators as
select m.trial_id, substr(m.name, length('calls_without_rule/') + 1) as operator, m.value::bigint as calls, m.task_key
from v1.metrics m
where m.headline and starts_with(m.name, 'calls_without_rule/');

comment on view v1.uncounted_operators is 'One row a trial and operator whose multiply-accumulates are missing from the trial''s macs: there is no rule for it, and it isn''t one of those that multiply nothing worth counting (docs/measuring.md).';
comment on column v1.uncounted_operators.trial_id is 'v1.trials.id.';
comment on column v1.uncounted_operators.operator is 'Its name in LibTorch: aten::cumsum …';
comment on column v1.uncounted_operators.calls is 'How often one forward pass of one image calls it.';
comment on column v1.uncounted_operators.task_key is 'The task that counted: v1.tasks.key.';
