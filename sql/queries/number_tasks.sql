-- A row a key, in the order given: the number of the task that has it, or a new number for one that nobody has yet
-- (then the rest is null).
select coalesce(t.id, nextval('espalier.task_id_seq')), s.state, s.failures
from (select decode(key, 'hex') as key, ordinal from unnest($1::text[]) with ordinality as g (key, ordinal)) g
left join espalier.task t on t.key = g.key
left join espalier.task_state s on s.task_id = t.id
order by g.ordinal
