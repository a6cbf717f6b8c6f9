-- The row stays locked until we commit: a later epoch begins before or after our transaction, never within.
-- Our statements look up a few thousand rows by number. A planner that knows a small table would read all of it for
-- them, again and again, while it grows.
select epoch, set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true)
from espalier.coordinator for share
