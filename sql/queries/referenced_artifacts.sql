-- Every file that the database refers to, checkpoints first: these alone may be collected as garbage. bytes: null for a
-- user's file, of which only the hash is on record.
with needed as (
  select c.hash, c.bytes, true as is_checkpoint
  from espalier.checkpoint c
  join espalier.task_state s on s.task_id = c.task_id and s.result_attempt is null
  union all
  select o.hash, o.bytes, false from espalier.output o
  union all
  select i.input_file, null, false from espalier.task_input i where i.input_file is not null
)
select encode(hash, 'hex') as hash, max(bytes) as bytes, bool_and(is_checkpoint) as is_checkpoint
from needed
where octet_length(hash) = 32
group by hash
order by 3 desc, 1
