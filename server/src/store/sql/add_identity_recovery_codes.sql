-- hashes only
insert into identity_recovery_code (user_id, hash) select $1, unnest($2::bytea[])
