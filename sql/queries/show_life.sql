insert into espalier.sign_of_life (at) values (clock_timestamp())
on conflict (only_row) do update set at = excluded.at
