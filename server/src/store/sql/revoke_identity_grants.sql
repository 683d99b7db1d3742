-- all that a person has let a client do
update identity_grant set revoked_at = $3 where user_id = $1 and client_id = $2 and revoked_at is null
