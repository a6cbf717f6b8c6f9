select set_config('search_path', 'v1', true)
