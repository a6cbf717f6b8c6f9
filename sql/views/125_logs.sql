create view v1.logs as
select l.attempt, l.first_byte, l.text, l.recorded_at
from espalier.attempt_log l;

comment on view v1.logs is 'What attempts'' runners wrote, in parts as they came; rows are only ever added. In order of first_byte they are the log.';
comment on column v1.logs.attempt is 'v1.attempts.attempt.';
comment on column v1.logs.first_byte is 'Where the part begins in the attempt''s log.';
comment on column v1.logs.text is 'The part.';
comment on column v1.logs.recorded_at is 'When it was recorded.';
