-- Most attempts begin and succeed, and their own rows tell that with time and worker. Two events more for each of them
-- were a fifth of what a task cost. Now such a row has the events' numbers, and one event a commit lists the tasks that
-- this happened to. Every other end of an attempt is an event of its own still.

alter table espalier.event drop constraint event_kind_check;
alter table espalier.event add check (kind in ('coordinator', 'job', 'task', 'attempt', 'worker', 'attempts'));
alter table espalier.event add column tasks bigint[];  -- of 'attempts': all that began, or all that succeeded, in a commit
alter table espalier.event alter column tasks set storage external;  -- long, and written often: not worth compressing

-- Null: told by an event of its own, as are all from before.
alter table espalier.open_attempt add column begun_event bigint;
alter table espalier.attempt add column begun_event bigint, add column ended_event bigint;

-- {NAME: number or null}, what a success had measured that came too late to be the task's result.
alter table espalier.attempt add column late_metrics jsonb;

-- The views name tasks by this: without it a planner expects thousands where there is one.
create statistics espalier.task_key_text on (encode(key, 'hex')) from espalier.task;
