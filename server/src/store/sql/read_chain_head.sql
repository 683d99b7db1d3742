-- the last link
select seq, hash from audit_chain order by seq desc limit 1
