with begun as (
  update espalier.coordinator set epoch = epoch + 1, begun_at = now() returning epoch
), told as (
  insert into espalier.event (kind, state, reason)
  select 'coordinator', 'begun', 'epoch ' || epoch from begun
)
select epoch from begun
