select coalesce(r.exact, r.json::text) as content
  from (select rid, start from ideal.appointment
         where practitioner = $1::uuid and start >= $2::timestamptz and start < $3::timestamptz
         order by start, rid desc limit 20) m
  join resource r using (rid) order by m.start, rid desc
