-- events that wait for their link
select coalesce(sum(greatest(cardinality(a.patients), 1)), 0)::bigint
  from audit a
 where (a.xid, a.seq) > (select coalesce(max(s.xid), '0'::xid8), coalesce(max(s.seq), 0)
                           from (select r.xid, r.seq from audit_chain c join audit r on r.seq = c.audit
                                  order by c.seq desc limit 1) s)
   and not exists (select from audit_chain c where c.audit = a.seq)
