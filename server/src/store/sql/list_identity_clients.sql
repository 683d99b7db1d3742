-- behind one, in the order of their ids
select id, name, kind, secret_hash, jwks, jwks_uri, redirect_uris, launch_uri, scopes, is_self_registered, certificate_name
  from identity_client where id > $1 order by id limit $2
