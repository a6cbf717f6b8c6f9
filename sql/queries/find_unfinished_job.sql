select id from espalier.job
where text_hash = $1::text and plan_hash = $2::text and state in ('running', 'paused')
order by id desc
limit 1
for update
