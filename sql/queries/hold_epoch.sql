-- The row stays locked until we commit: a later epoch begins before or after our transaction, never within.
-- Our statements look up a few thousand rows by number. A planner that knows a small table would read all of it for
-- them, again and again, while it grows; and with look-ups alone a plan is as good for the next execution.
select epoch, set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)
from espalier.coordinator for share
