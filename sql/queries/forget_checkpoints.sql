-- Their files are gone: what would go on from them begins anew.
delete from espalier.checkpoint c using unnest($1::text[]) as g (hash) where c.hash = decode(g.hash, 'hex')
