select coalesce(max(at)::text, '') from espalier.sign_of_life
