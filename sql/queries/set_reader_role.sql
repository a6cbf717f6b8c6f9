select set_config('role', 'espalier_reader', true)
