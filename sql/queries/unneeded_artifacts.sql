select g.hash
from unnest($1::text[]) as g (hash)
where not exists (select from espalier.output o where o.hash = decode(g.hash, 'hex'))
  and not exists (select from espalier.task_input i where i.input_file = decode(g.hash, 'hex'))
  and not exists (select from espalier.checkpoint c join espalier.task_state s on s.task_id = c.task_id
                  where c.hash = decode(g.hash, 'hex') and s.result_attempt is null)
