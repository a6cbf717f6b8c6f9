-- For statements that look up a few thousand rows by number in tables of any size: see hold_epoch.
select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true)
