-- a checkpoint behind the newest one
insert into audit_checkpoint (number, seq, hash, at, prev, key_id, signature) values ($1, $2, $3, $4, $5, $6, $7)
