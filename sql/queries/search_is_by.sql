-- Whether an unfinished job still searches by this text.
select exists (select from espalier.job
               where id = $1::bigint and text_hash = $2::text and searching and state in ('running', 'paused'))
