-- checkpoints in their order, after one of them
select number, seq, hash, at, prev, key_id, signature from audit_checkpoint where number > $1 order by number limit $2
