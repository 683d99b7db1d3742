-- a question in the place of the one before
insert into identity_ceremony (session_hash, user_id, is_registration, state, expires_at)
values ($1, $2, $3, $4, $5)
on conflict (session_hash) do update
   set user_id = $2, is_registration = $3, state = $4, expires_at = $5
