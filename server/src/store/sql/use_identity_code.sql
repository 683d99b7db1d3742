-- a code is used by the first who shows it, whatever else is wrong
update identity_code set used_at = $2 where hash = $1 and used_at is null
returning grant_id, redirect_uri, challenge, nonce, expires_at
