-- Logs, curves and checkpoints are of attempts that are on record.
select count(*) over (), text
from (
  select distinct format('the log of attempt %s, which is not on record', l.attempt) as text
  from espalier.attempt_log l
  where not exists (select from espalier.attempt a where a.attempt = l.attempt)
    and not exists (select from espalier.open_attempt o where o.attempt = l.attempt)
  union all
  select distinct format('a curve of attempt %s, which is not on record', p.attempt)
  from espalier.curve_point p
  where not exists (select from espalier.attempt a where a.attempt = p.attempt and a.task_id = p.task_id)
    and not exists (select from espalier.open_attempt o where o.attempt = p.attempt and o.task_id = p.task_id)
  union all
  select format('the checkpoint of attempt %s, which is not on record', c.attempt)
  from espalier.checkpoint c
  where not exists (select from espalier.attempt a where a.attempt = c.attempt and a.task_id = c.task_id)
    and not exists (select from espalier.open_attempt o where o.attempt = c.attempt and o.task_id = c.task_id)
) broken
order by text
limit 3
