-- a code shown twice: whatever came of it ends
update identity_grant set revoked_at = coalesce(revoked_at, $2)
 where id = (select grant_id from identity_code where hash = $1 and used_at is not null) returning id
