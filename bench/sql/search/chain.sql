select coalesce(r.exact, r.json::text) as content
  from (select o.rid from ideal.patient p join ideal.observation o on o.patient = p.id
         where p.record = $1 order by o.rid desc limit 20) m
  join resource r using (rid) order by rid desc
