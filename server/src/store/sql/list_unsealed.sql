-- rows that no link tells of yet, in the order in which they are sealed: of transactions that have all ended, so that
-- none can appear before them any more
select a.*
  from audit a
 where a.xid < pg_snapshot_xmin(pg_current_snapshot())
   and (a.xid, a.seq) > (select coalesce(max(s.xid), '0'::xid8), coalesce(max(s.seq), 0)
                           from (select r.xid, r.seq from audit_chain c join audit r on r.seq = c.audit
                                  order by c.seq desc limit 1) s)
   and not exists (select from audit_chain c where c.audit = a.seq)
 order by a.xid, a.seq
 limit $1
