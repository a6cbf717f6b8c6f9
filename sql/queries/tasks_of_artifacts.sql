-- Whose output, input or checkpoint a file is, one task a file.
select g.hash, coalesce(
  (select format('output %s of task %s (%s)', o.name, left(encode(t.key, 'hex'), 12), t.stage)
   from espalier.output o join espalier.task t on t.id = o.task_id where o.hash = decode(g.hash, 'hex') limit 1),
  (select format('the user''s file %s of task %s (%s)', i.role, left(encode(t.key, 'hex'), 12), t.stage)
   from espalier.task_input i join espalier.task t on t.id = i.task_id where i.input_file = decode(g.hash, 'hex') limit 1),
  (select format('checkpoint of task %s (%s)', left(encode(t.key, 'hex'), 12), t.stage)
   from espalier.checkpoint c join espalier.task t on t.id = c.task_id where c.hash = decode(g.hash, 'hex') limit 1),
  'nothing any more')
from unnest($1::text[]) with ordinality as g (hash, place)
order by g.place
