-- beside its grant, in one transaction
insert into identity_code (hash, grant_id, redirect_uri, challenge, nonce, expires_at)
values ($1, $2, $3, $4, $5, $6)
