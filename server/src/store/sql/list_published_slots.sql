-- free Slots to come of calendars whose actors have room at their time, the earliest first
select s.slot, s.schedule, lower(s.during) as lower, upper(s.during) as upper, s.status
  from unnest($1::text[], $2::text[], $3::integer[]) as c(schedule, actor, capacity)
  join slot_time s on s.schedule = c.schedule and s.status = 'free' and lower(s.during) >= coalesce($6::timestamptz, $4)
 where ($6::timestamptz is null or (lower(s.during), s.slot) > ($6::timestamptz, $7::text))
   and not exists (
       select from actor_busy b
        where b.actor = c.actor and b.during && s.during and (b.expires_at is null or b.expires_at > $4)
       having count(distinct b.lane) >= c.capacity or bool_or(b.kind = 'blocked'))
   and not exists (select from forced_block f where f.actor = c.actor and f.during && s.during)
 order by lower(s.during), s.slot
 limit $5
