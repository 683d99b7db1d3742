-- a refresh token shown twice: one of the two is a thief
update identity_grant set revoked_at = coalesce(revoked_at, $2)
 where client_id = $3
   and id = (select grant_id from identity_token where hash = $1 and kind = 'refresh' and used_at is not null)
returning id
