-- Those that are new: a row each, in the order given.
insert into espalier.task (key, stage, exclusive, spec)
select decode(key, 'hex'), stage, exclusive, spec
from unnest($1::text[], $2::text[], $3::boolean[], $4::json[]) with ordinality as g (key, stage, exclusive, spec, ordinal)
order by ordinal
on conflict (key) do nothing
returning id, encode(key, 'hex')
