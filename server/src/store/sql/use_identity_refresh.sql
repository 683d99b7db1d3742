-- a refresh token is good once, and only for the client it was given to
update identity_token set used_at = $2 from identity_grant
 where hash = $1 and kind = 'refresh' and used_at is null
   and identity_grant.id = grant_id and identity_grant.client_id = $3
returning true
