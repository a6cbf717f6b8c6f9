-- Numbers of attempts never repeat, also not those that were given out after the backup that a database was restored
-- from: workers may still hold them. `espalier db restore` raises this.
alter table espalier.coordinator add column attempts_after bigint not null default 0;
