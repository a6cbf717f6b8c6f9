select exists (select from espalier.job where text_hash = $1::text and state in ('running', 'paused'))
