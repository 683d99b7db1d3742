-- the client that a refresh token was given to, whether it is still good or not
select c.id, c.name, c.kind, c.secret_hash, c.jwks, c.jwks_uri, c.redirect_uris, c.launch_uri, c.scopes,
       c.is_self_registered, c.certificate_name
  from identity_token t
  join identity_grant g on g.id = t.grant_id
  join identity_client c on c.id = g.client_id
 where t.hash = $1 and t.kind = 'refresh'
