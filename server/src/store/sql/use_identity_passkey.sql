-- as it was when the question was asked: of two answers that were made from the same count, the first is one
update identity_passkey set passkey = $4, used_at = $5 where user_id = $1 and id = $2 and passkey = $3 returning true
