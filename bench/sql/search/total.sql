select coalesce(r.exact, r.json::text) as content,
       (select count(*) from ideal.observation where code = $1) as total
  from (select rid from ideal.observation where code = $1 order by rid desc limit 20) m
  join resource r using (rid) order by rid desc
