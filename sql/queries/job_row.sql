select state, priority, retries, timeout_s, memory_bytes, user_name, max_parallel, targets, searching, search_failure <> ''
from espalier.job where id = $1::bigint
