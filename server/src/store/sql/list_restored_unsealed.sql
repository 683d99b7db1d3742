-- rows that a backup took before they were sealed: all rows of a restored database are of one transaction
select a.*
  from audit a
 where a.xid = '3'::xid8 and not exists (select from audit_chain c where c.audit = a.seq)
 order by a.seq
 limit $1
