create view v1.trials as
select t.id, t.job_id, t.group_name, t.params,
       case when s.state in ('waiting', 'running') and j.state = 'failed' then 'failed'
            when s.state in ('waiting', 'running') and j.state = 'cancelled' then 'cancelled'
            else s.state end as state,
       coalesce(b.reason, case when t.rung < r.rungs - 1 and s.state = 'succeeded' and (not j.searching or j.state not in ('running', 'paused'))
                               then format('stopped at rung %s of %s', t.rung + 1, r.rungs) end) as reason,
       s.progress, t.rung + 1 as rung, t.generation + 1 as generation
from espalier.trial t
join espalier.job j on j.id = t.job_id
cross join lateral (
  select case when t.rung is not null then jsonb_array_length(j.search -> 'rungs' -> t.group_name) end as rungs
) r
cross join lateral (
  select case when bool_or(ts.state = 'failed') then 'failed'
              when bool_or(ts.state = 'cancelled') then 'cancelled'
              when coalesce(bool_and(ts.state = 'succeeded'), true) then 'succeeded'
              when bool_or(ts.state in ('assigned', 'running')) then 'running'
              else 'waiting' end as state,
         coalesce(avg(case when ts.state in ('succeeded', 'failed', 'cancelled') then 1 else ts.progress end), 1)
           as progress
  from espalier.trial_task tt
  join espalier.task_now ts on ts.task_id = tt.task_id
  where tt.trial_id = t.id
) s
left join lateral (
  select k.stage || ': ' || ts.reason as reason
  from espalier.trial_task tt
  join espalier.task_now ts on ts.task_id = tt.task_id
  join espalier.task k on k.id = tt.task_id
  where tt.trial_id = t.id and ts.state in ('failed', 'cancelled')
  order by ts.state = 'failed' desc, tt.ordinal
  limit 1
) b on s.state in ('failed', 'cancelled');

comment on view v1.trials is 'One row a trial: one point of a group''s sweep, from data to measured result. Its state derives from all tasks it needs: its own, its teacher''s and its teacherless twin''s.';
comment on column v1.trials.id is 'Number of the trial, unique in the database.';
comment on column v1.trials.job_id is 'Its job: v1.jobs.id.';
comment on column v1.trials.group_name is 'Its group''s name in the job file.';
comment on column v1.trials.params is 'The swept dotted keys and this trial''s values of them.';
comment on column v1.trials.state is 'failed if a task failed, else cancelled if one was cancelled, succeeded if all did, running while one runs, else waiting. A trial left unfinished by a failed or cancelled job has that state.';
comment on column v1.trials.reason is 'Stage and reason of the first task that failed or was cancelled; of a trial that its search, now over, didn''t train to the end: at which rung it was stopped; null otherwise.';
comment on column v1.trials.progress is 'Share of its tasks'' work that is done, 0 to 1.';
comment on column v1.trials.rung is 'Up to which rung its search asked for it to be trained, from 1; null unless its group is searched by halving. v1.rungs has the numbers.';
comment on column v1.trials.generation is 'The generation that it belongs to, from 1; null unless its group is searched by nsga2. v1.generations says what each gave.';
