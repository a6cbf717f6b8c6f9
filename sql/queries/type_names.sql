select format_type(g.type, null) from unnest($1::oid[]) with ordinality as g (type, ordinal) order by g.ordinal
