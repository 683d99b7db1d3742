-- nothing where the id is taken, or where ten thousand have registered themselves already
insert into identity_client
       (id, name, kind, secret_hash, jwks, jwks_uri, redirect_uris, launch_uri, scopes, created_at, is_self_registered, certificate_name)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
 where not $11 or (select count(*) from identity_client where is_self_registered) < 10000
on conflict (id) do nothing returning true
