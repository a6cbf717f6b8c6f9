-- Tasks of one kind take as long on one device class for each unit of work: what is expected of those to come is learned
-- from those that have ended. 0: no kind.
alter table espalier.task add column kind bigint not null default 0;
alter table espalier.task add column work real not null default 1;
