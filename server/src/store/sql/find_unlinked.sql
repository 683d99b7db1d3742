-- the first event that no link tells of although one of a later row does: its link, or the row itself, is not of the server
select a.seq, p.place
  from audit a
  cross join lateral generate_series(1, greatest(cardinality(a.patients), 1)) as p(place)
 where ($1::timestamptz is null or a.recorded >= $1) and ($2::timestamptz is null or a.recorded < $2)
   and (a.xid, a.seq) <= (select coalesce(max(s.xid), '0'::xid8), coalesce(max(s.seq), 0)
                            from (select r.xid, r.seq from audit_chain c join audit r on r.seq = c.audit
                                   order by c.seq desc limit 1) s)
   and not exists (select from audit_chain c where c.audit = a.seq and c.place = p.place)
 order by a.xid, a.seq, p.place
 limit 1
