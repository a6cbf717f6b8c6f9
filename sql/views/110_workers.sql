create view v1.workers as
select w.name, w.device_class, w.slots, case when w.alive then 'alive' else 'lost' end as state,
       (select count(*) from espalier.open_attempt o where o.worker = w.name) as running, w.facts, w.session,
       w.first_seen, w.changed_at, w.cordoned
from espalier.worker w;

comment on view v1.workers is 'One row a worker that was ever seen.';
comment on column v1.workers.name is 'Its name, unique.';
comment on column v1.workers.device_class is 'What makes its latencies comparable: CPU, ISA, threads, LibTorch and engine versions.';
comment on column v1.workers.slots is 'How many tasks it may run at once.';
comment on column v1.workers.state is 'alive or lost.';
comment on column v1.workers.running is 'Attempts it has now.';
comment on column v1.workers.facts is 'What placement may use.';
comment on column v1.workers.session is 'Its process: another one each time the agent starts.';
comment on column v1.workers.first_seen is 'When it first said hello.';
comment on column v1.workers.changed_at is 'When it last came, went or changed.';
comment on column v1.workers.cordoned is 'Whether it is given nothing any more: espalier workers drain, cordon, undrain.';
