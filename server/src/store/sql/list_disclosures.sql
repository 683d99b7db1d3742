-- events in which data of a patient were read by somebody else, for another purpose than treatment, payment and operations
select a.*, p.place, c.seq as link, c.prev, c.hash
  from audit a
  cross join lateral generate_series(1, greatest(cardinality(a.patients), 1)) as p(place)
  left join audit_chain c on c.audit = a.seq and c.place = p.place
 where a.elements && $1::bigint[] and a.patients[p.place] = $2
   and a.action in ('R', 'E') and a.outcome = 0
   and a.purpose is not null and a.purpose <> all ($6)
   and a.agent is distinct from 'Patient/' || $2
   and a.recorded >= $3 and ($4::timestamptz is null or a.recorded < $4)
 order by a.seq desc, p.place
 limit $5
