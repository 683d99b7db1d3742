select coalesce(r.exact, r.json::text) as content
  from (select rid from ideal.observation where patient = $1::uuid order by rid desc limit 20) m
  join resource r using (rid) order by rid desc
