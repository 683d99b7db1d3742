select coalesce(r.exact, r.json::text) as content
  from (select rid, code, effective from ideal.observation where patient = $1::uuid
         order by code, effective desc, rid desc limit 20) m
  join resource r using (rid) order by m.code, m.effective desc, rid desc
