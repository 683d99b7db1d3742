-- who is busy when, lane by lane, times that touch or overlap put together; what is held no more is free. A block leaves no lane,
-- also of those beyond the capacity, and stands in one beyond them all.
select b.actor, b.lane, array_agg(lower(t.busy) order by t.busy) as lowers, array_agg(upper(t.busy) order by t.busy) as uppers
  from (select actor, l.lane, range_agg(during) as during
          from actor_busy c,
               lateral (select case when c.kind = 'blocked' then 2147483647 else c.lane end as lane) l
         where actor = any ($1) and during && tstzrange($2, $3) and (expires_at is null or expires_at > $4)
         group by actor, l.lane) b,
       unnest(b.during) as t(busy)
 group by b.actor, b.lane
