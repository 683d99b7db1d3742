-- of a person, in the order in which they were added
select id, name, passkey, created_at, used_at from identity_passkey where user_id = $1 order by created_at, id
