-- What the issue of throughput is held against: 200,000 lifetimes of tasks without any of what makes them Espalier's (keys,
-- events, what a worker is told). Two durable commits a batch of 500: begun (a task, an attempt), ended (result, both).
set client_min_messages = warning;
drop schema if exists lifetimes cascade;
create schema lifetimes;
create table lifetimes.task (id bigint primary key, state smallint not null) with (fillfactor = 60);
create table lifetimes.attempt (id bigint primary key, task bigint not null, state smallint not null) with (fillfactor = 60);
create table lifetimes.result (task bigint primary key, attempt bigint not null);
insert into lifetimes.task select id, 0 from generate_series(1, 200000) as id;
create procedure lifetimes.live() language plpgsql as $$
declare
  first bigint;
begin
  -- Or the plans, made while the tables are empty, would read all of them for every batch.
  perform set_config(name, 'off', false) from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) as name;
  for batch in 0 .. 399 loop
    first := batch * 500 + 1;
    with begun as (
      update lifetimes.task set state = 1 where id between first and first + 499 returning id
    )
    insert into lifetimes.attempt select id, id, 1 from begun;
    commit;
    with ended as (
      insert into lifetimes.result select id, id from generate_series(first, first + 499) as id returning task
    ), tasks as (
      update lifetimes.task t set state = 2 from ended e where t.id = e.task
    )
    update lifetimes.attempt a set state = 2 from ended e where a.id = e.task;
    commit;
  end loop;
end
$$;
