-- Attempts are of tasks, and have numbers and epochs that have been given out.
select count(*) over (), format('attempt %s of epoch %s: %s', a.attempt, a.epoch,
         case when t.id is null then format('there is no task %s', a.task_id)
              else format('the newest epoch is %s', c.epoch) end)
from (select attempt, task_id, epoch from espalier.attempt
      union all
      select attempt, task_id, epoch from espalier.open_attempt) a
left join espalier.task t on t.id = a.task_id
left join espalier.coordinator c on true
where t.id is null or c.epoch is null or a.epoch > c.epoch
order by a.attempt
limit 3
