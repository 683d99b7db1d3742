-- good once
delete from identity_recovery_code where user_id = $1 and hash = $2 returning true
