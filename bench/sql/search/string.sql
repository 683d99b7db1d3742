select coalesce(r.exact, r.json::text) as content
  from (select rid from ideal.patient where family >= $1 and family < $2 order by rid desc limit 20) m
  join resource r using (rid) order by rid desc
