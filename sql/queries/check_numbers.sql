-- What is numbered next has a number that nothing has.
select count(*) over (), format('the next %s would get the number %s, and there is %s', n.name, coalesce(s.last_value, 0) + 1, n.highest)
from (select 'job' as name, max(id) as highest from espalier.job
      union all select 'trial', max(id) from espalier.trial
      union all select 'task', max(id) from espalier.task
      union all select 'event', max(id) from espalier.event
      union all select 'event', max(greatest(begun_event, ended_event)) from espalier.attempt) n
left join pg_sequences s on s.schemaname = 'espalier' and s.sequencename = n.name || '_id_seq'
where n.highest > coalesce(s.last_value, 0)
order by n.name
limit 3
