-- A generic plan made while the tables were small would scan them when they are large.
select set_config('plan_cache_mode', 'force_custom_plan', false),
       set_config('client_min_messages', 'warning', false)
