select coalesce(r.exact, r.json::text) as content
  from (select p.rid from (select distinct patient from ideal.condition where code = $1) c
          join ideal.patient p on p.id = c.patient order by p.rid desc limit 20) m
  join resource r using (rid) order by rid desc
