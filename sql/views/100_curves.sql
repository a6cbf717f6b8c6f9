create view v1.curves as
select tt.trial_id, encode(k.key, 'hex') as task_key, k.stage, p.name, p.step, p.value, p.attempt
from espalier.curve_point p
join espalier.trial_task tt on tt.task_id = p.task_id and tt.role = 'own'
join espalier.task k on k.id = p.task_id
join espalier.task_state s on s.task_id = p.task_id
where p.attempt = coalesce(s.result_attempt,
                           (select max(l.attempt) from espalier.curve_point l where l.task_id = p.task_id));

comment on view v1.curves is 'One row a point that a trial''s own tasks reported while they ran: of the attempt whose result was accepted, else of the latest.';
comment on column v1.curves.trial_id is 'v1.trials.id.';
comment on column v1.curves.task_key is 'v1.tasks.key.';
comment on column v1.curves.stage is 'Stage of that task.';
comment on column v1.curves.name is 'Name of the curve: train_loss, val_accuracy …';
comment on column v1.curves.step is 'Position: the epoch, from 1.';
comment on column v1.curves.value is 'The value there.';
comment on column v1.curves.attempt is 'v1.attempts.attempt.';
