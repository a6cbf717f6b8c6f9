select exists (select from pg_roles where rolname = 'espalier_reader' and pg_has_role(current_user, oid, 'member'))
