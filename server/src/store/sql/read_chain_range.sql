-- which links were made in a period, and the hash before the first of them
select min(c.seq) as first, max(c.seq) as last,
       (select b.hash from audit_chain b where b.seq = min(c.seq) - 1) as before
  from audit_chain c
 where ($1::timestamptz is null or c.sealed >= $1) and ($2::timestamptz is null or c.sealed < $2)
