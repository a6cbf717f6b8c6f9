select state, priority, retries, timeout_s, memory_bytes from espalier.job where id = $1::bigint
