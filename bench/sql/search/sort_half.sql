select coalesce(r.exact, r.json::text) as content
  from (select rid, family, birth from ideal.patient where gender = $1
         order by family, birth desc, rid desc limit 20) m
  join resource r using (rid) order by m.family, m.birth desc, rid desc
