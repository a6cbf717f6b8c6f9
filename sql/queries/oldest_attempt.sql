select extract(epoch from clock_timestamp() - min(started_at))::double precision from espalier.open_attempt
