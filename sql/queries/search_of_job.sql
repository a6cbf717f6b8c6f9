-- What a search goes on from; no row if the job has ended or is paused, or asks for nothing more.
select text, text_hash, folder from espalier.job
where id = $1::bigint and searching and state = 'running'
