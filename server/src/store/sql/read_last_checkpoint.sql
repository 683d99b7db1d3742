-- the newest checkpoint
select number, seq, hash, at, prev, key_id, signature from audit_checkpoint order by number desc limit 1
