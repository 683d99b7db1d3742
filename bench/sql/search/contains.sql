select coalesce(r.exact, r.json::text) as content
  from (select distinct rid from ideal.patient_name
         where grams @> ideal.grams($1) and strpos(word, $1) > 0 order by rid desc limit 20) m
  join resource r using (rid) order by rid desc
