-- A part of a plan in one round trip: new tasks with their states and inputs, trials, what these need, and what the
-- job gets by them. $6: a specification a line; as an array each would be read, and its quotes escaped, twice.
-- $22: the job may have some of these tasks already. $29 to $31: of trials that a search asks for; empty if there are none.
with tasks as (
  insert into espalier.task (id, key, stage, exclusive, spec, kind, work) overriding system value
  select id, decode(key, 'hex'), stage, exclusive, spec::json, kind, work
  from rows from (unnest($2::bigint[], $3::text[], $4::text[], $5::boolean[], $27::bigint[], $28::real[]),
                  string_to_table($6::text, E'\n'))
    as g (id, key, stage, exclusive, kind, work, spec)
), states as (
  insert into espalier.task_state (task_id, state)
  select id, state::espalier.task_status from unnest($2::bigint[], $7::text[]) as g (id, state)
), inputs as (
  insert into espalier.task_input (task_id, ordinal, role, input_task_id, input_output, input_file)
  select task, ordinal, role, input_task, input_output, decode(input_file, 'hex')
  from unnest($8::bigint[], $9::integer[], $10::text[], $11::bigint[], $12::text[], $13::text[])
    as g (task, ordinal, role, input_task, input_output, input_file)
), trials as (
  insert into espalier.trial (id, job_id, ordinal, group_name, params, point, generation, rung) overriding system value
  select id, $1::bigint, ordinal, group_name, params, point::double precision[], generation, rung
  from unnest($14::bigint[], $15::bigint[], $16::text[], $17::jsonb[], $29::text[], $30::bigint[], $31::integer[])
    as g (id, ordinal, group_name, params, point, generation, rung)
), needs as (
  insert into espalier.trial_task (trial_id, ordinal, role, task_id)
  select trial, ordinal, role::espalier.task_role, task
  from unnest($18::bigint[], $19::integer[], $20::text[], $21::bigint[]) as g (trial, ordinal, role, task)
)
insert into espalier.job_task (job_id, ordinal, task_id, reused, target)
select $1::bigint, g.ordinal, g.task, g.reused, g.target
from unnest($23::bigint[], $24::bigint[], $25::boolean[], $26::smallint[]) as g (ordinal, task, reused, target)
left join lateral (
  select true as there from espalier.job_task jt
  where $22::boolean and jt.task_id = g.task and jt.job_id = $1::bigint limit 1
) known on true
where known.there is null
