-- Version 0 holds the checksum of the views, which are made anew whenever their text changes.
create table if not exists espalier.migration (
  version    integer primary key,
  name       text not null,
  checksum   text not null,
  applied_at timestamptz not null default now()
)
