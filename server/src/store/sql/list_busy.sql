-- who is busy when, lane by lane, times that touch or overlap put together; what is held no more is free
select b.actor, b.lane, array_agg(lower(t.busy) order by t.busy) as lowers, array_agg(upper(t.busy) order by t.busy) as uppers
  from (select actor, lane, range_agg(during) as during
          from actor_busy
         where actor = any ($1) and during && tstzrange($2, $3) and (expires_at is null or expires_at > $4)
         group by actor, lane) b,
       unnest(b.during) as t(busy)
 group by b.actor, b.lane
