-- whether it was never shown before
insert into identity_assertion (client_id, jti_hash, expires_at) values ($1, $2, $3)
on conflict do nothing returning true
