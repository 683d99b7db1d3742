-- visits that are held no more, as they are; what somebody else is about is left to them
select r.resource_type, r.id, r.version_id, r.last_updated, r.method, coalesce(r.exact, r.json::text) as content
  from appointment_hold h
  join resource r on r.resource_type = 'Appointment' and r.id = split_part(h.appointment, '/', 2)
 where h.expires_at <= $1
 order by h.expires_at limit $2
   for update of h, r skip locked
