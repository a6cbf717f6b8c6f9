-- Numbers for so many new trials.
select nextval('espalier.trial_id_seq') from generate_series(1, $1::bigint)
