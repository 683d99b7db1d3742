select coalesce(r.exact, r.json::text) as content
  from (select rid from ideal.observation where code = $1 and value > $2::numeric order by rid desc limit 20) m
  join resource r using (rid) order by rid desc
