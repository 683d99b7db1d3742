select coalesce(r.exact, r.json::text) as content
  from (select o.rid from unnest($1::uuid[]) as wanted(patient),
               lateral (select rid from ideal.observation o where o.patient = wanted.patient
                         order by rid desc limit 20) o
         order by o.rid desc limit 20) m
  join resource r using (rid) order by rid desc
