select greatest(coalesce((select max(attempt) from espalier.attempt), 0),
                coalesce((select max(attempt) from espalier.open_attempt), 0),
                (select attempts_after from espalier.coordinator)) + 1
