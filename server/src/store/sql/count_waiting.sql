-- rows recorded before a moment, behind the last that was sealed, that no link tells of
select count(*)
  from audit a
 where (a.xid, a.seq) > (select coalesce(max(s.xid), '0'::xid8), coalesce(max(s.seq), 0)
                           from (select r.xid, r.seq from audit_chain c join audit r on r.seq = c.audit
                                  order by c.seq desc limit 1) s)
   and a.recorded < $1
   and not exists (select from audit_chain c where c.audit = a.seq)
