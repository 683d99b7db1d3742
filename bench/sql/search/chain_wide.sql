select coalesce(r.exact, r.json::text) as content
  from (select c.rid from ideal.patient p join ideal.condition c on c.patient = p.id
         where p.family >= $1 and p.family < $2 order by c.rid desc limit 20) m
  join resource r using (rid) order by rid desc
