-- nothing where the id is taken
insert into identity_client
       (id, name, kind, secret_hash, jwks, jwks_uri, redirect_uris, launch_uri, scopes, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (id) do nothing returning true
