-- only the hash
insert into identity_token (hash, grant_id, kind, scopes, issued_at, expires_at, certificate)
values ($1, $2, $3, $4, $5, $6, $7)
