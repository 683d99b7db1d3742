select coalesce(r.exact, r.json::text) as content
  from (select rid from ideal.observation where category = $1 and code = $2 order by rid desc limit 20) m
  join resource r using (rid) order by rid desc
