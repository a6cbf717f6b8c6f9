-- The evaluations of a trial, in the order of its pipeline, are its rungs; the last one is of the finished model.
create view v1.rungs as
select t.id as trial_id, t.job_id, t.group_name, e.rung,
       (j.search -> 'rungs' -> t.group_name ->> (e.rung - 1)::integer)::bigint as epochs,
       j.search ->> 'metric' as metric, m.value, s.state::text as state
from espalier.trial t
join espalier.job j on j.id = t.job_id
cross join lateral (
  select tt.task_id, row_number() over (order by tt.ordinal) as rung
  from espalier.trial_task tt
  join espalier.task k on k.id = tt.task_id and k.stage = 'evaluate'
  where tt.trial_id = t.id and tt.role::text in ('own', 'rung')
) e
join espalier.task_now s on s.task_id = e.task_id
left join espalier.metric m on m.task_id = e.task_id and m.name = j.search ->> 'metric'
where t.rung is not null;

comment on view v1.rungs is 'One row a trial of a group that is searched by halving and rung that it is trained up to: the number by which it is decided which trials go on. The last rung is the whole pipeline.';
comment on column v1.rungs.trial_id is 'v1.trials.id.';
comment on column v1.rungs.job_id is 'v1.jobs.id.';
comment on column v1.rungs.group_name is 'Its group''s name in the job file.';
comment on column v1.rungs.rung is 'The rung, from 1.';
comment on column v1.rungs.epochs is 'Epochs that it has been trained for there.';
comment on column v1.rungs.metric is 'Which metric decides.';
comment on column v1.rungs.value is 'The metric there; null as long as there is none, or if it is no number.';
comment on column v1.rungs.state is 'State of the task that measures it, as in v1.tasks.';

create view v1.generations as
select g.job_id, g.group_name, g.generation + 1 as generation, g.trials, g.feasible, g.front, g.hypervolume, g.ended_at
from espalier.generation g;

comment on view v1.generations is 'One row a generation that has ended of a group that is searched by nsga2: what is known then, of all trials of the group until then.';
comment on column v1.generations.job_id is 'v1.jobs.id.';
comment on column v1.generations.group_name is 'The group''s name in the job file.';
comment on column v1.generations.generation is 'The generation, from 1; the first one is drawn.';
comment on column v1.generations.trials is 'Trials of the group that have been measured.';
comment on column v1.generations.feasible is 'Of these: fulfil every constraint.';
comment on column v1.generations.front is 'Of these: no other one is better in everything.';
comment on column v1.generations.hypervolume is 'Of the front: what it covers of the objectives'' space, each scaled so that the first generation spans 0 to 1. Larger is better; 0 is nothing.';
comment on column v1.generations.ended_at is 'When it was found to have ended.';
