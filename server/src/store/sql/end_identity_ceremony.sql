-- answered once, rightly or not
delete from identity_ceremony where session_hash = $1 and user_id = $2 and is_registration = $3 and expires_at > $4
returning state
