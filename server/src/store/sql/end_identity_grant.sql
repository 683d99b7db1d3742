-- whatever came of it ends
update identity_grant set revoked_at = coalesce(revoked_at, $2) where id = $1
