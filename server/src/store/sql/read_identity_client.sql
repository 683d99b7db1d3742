-- by id
select id, name, kind, secret_hash, jwks, jwks_uri, redirect_uris, launch_uri, scopes, is_self_registered, certificate_name
  from identity_client where id = $1
