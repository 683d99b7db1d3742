-- rows that no link tells of, after one of them
select a.*, a.xid >= pg_snapshot_xmax(pg_current_snapshot()) as is_of_future
  from audit a
 where a.seq > $1 and not exists (select from audit_chain c where c.audit = a.seq)
 order by a.seq
 limit $2
