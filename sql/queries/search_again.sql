-- A job's search goes on, if it failed, was cancelled with its job, or $2: may think otherwise of what runs again.
update espalier.job set searching = true, search_failure = ''
where id = $1::bigint and search is not null and ($2::boolean or search_failure <> '' or state = 'cancelled')
returning id
