-- visits that have some of this time of these actors
select distinct b.source
  from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as c(actor, lower, upper)
  join actor_busy b on b.actor = c.actor and b.during && tstzrange(c.lower, c.upper)
 where b.kind <> 'blocked' and (b.expires_at is null or b.expires_at > $4)
 order by 1
