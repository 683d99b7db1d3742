-- how many other visits of a HealthcareService somebody has booked that are to come and still take time
select count(*) from self_booked s
 where s.person = $1 and s.service = $2 and s.appointment <> $3
   and exists (select from actor_busy b where b.source = s.appointment and lower(b.during) > $4 and b.kind = 'booked')
