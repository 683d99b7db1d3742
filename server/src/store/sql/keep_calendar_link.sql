-- a new secret in place of the one there was
insert into calendar_link (person, secret, made) values ($1, $2, $3)
    on conflict (person) do update set secret = excluded.secret, made = excluded.made
