select coalesce(r.exact, r.json::text) as content
  from (select rid, effective from ideal.observation
         where patient = $1::uuid and code = $2 and effective >= $3::timestamptz
         order by effective desc, rid desc limit 20) m
  join resource r using (rid) order by m.effective desc, rid desc
