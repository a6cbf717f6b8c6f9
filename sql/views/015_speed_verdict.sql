-- So little as half a percent decides nothing, and of a hundred nets that are compared with themselves fewer than five should
-- be told apart.
create function v1.speed_verdict(ci_low double precision, ci_high double precision) returns text
language sql immutable parallel safe
as $$ select case when ci_low > 1.005 then 'faster' when ci_high < 1 / 1.005 then 'slower' else 'can''t tell' end $$;

comment on function v1.speed_verdict is 'What the 95 % interval of a ratio of times says: faster or slower if the whole interval is more than half a percent away from 1, else can''t tell.';
