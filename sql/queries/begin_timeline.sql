-- What was restored goes on where another life of the same database may have gone further: neither epochs nor numbers of
-- attempts may repeat those that workers know from there. Seconds outrun the first, milliseconds the second.
with begun as (
  update espalier.coordinator
  set epoch = greatest(epoch + 1, extract(epoch from clock_timestamp())::bigint),
      attempts_after = greatest(attempts_after, (extract(epoch from clock_timestamp()) * 1000)::bigint)
  returning epoch
)
insert into espalier.event (kind, state, reason) select 'coordinator', 'restored', $1::text from begun
