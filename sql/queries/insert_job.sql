with made as (
  insert into espalier.job (name, description, state, priority, retries, timeout_s, memory_bytes, groups, objectives,
                            constraints, text, text_hash, plan_hash, user_name, max_parallel, targets,
                            folder, search, searching)
  values ($1::text, $2::text, 'running', $3::bigint, $4::integer, $5::double precision, $6::bigint, $7::text[],
          $8::jsonb, $9::jsonb, $10::text, $11::text, '', $12::text, $13::bigint, $14::jsonb,
          $15::text, $16::jsonb, $16::jsonb is not null)
  returning id
), told as (
  insert into espalier.event (kind, job_id, state, reason) select 'job', id, 'running', 'submitted' from made
)
select id from made
