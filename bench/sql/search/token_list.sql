select coalesce(r.exact, r.json::text) as content
  from (select o.rid from unnest($1::text[]) as wanted(code),
               lateral (select rid from ideal.observation o where o.code = wanted.code
                         order by rid desc limit 20) o
         order by o.rid desc limit 20) m
  join resource r using (rid) order by rid desc
