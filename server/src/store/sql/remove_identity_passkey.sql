-- a person's own
delete from identity_passkey where user_id = $1 and id = $2 returning true
