-- who is busy when, lane by lane, times that touch or overlap put together; what is held no more is free. A block leaves no lane,
-- also of those beyond the capacity, and stands in one beyond them all.
select b.actor, b.lane, array_agg(lower(t.busy) order by t.busy) as lowers, array_agg(upper(t.busy) order by t.busy) as uppers
  from (select actor, lane, range_agg(during) as during
          from (select c.actor, case when c.kind = 'blocked' then 2147483647 else c.lane end as lane, c.during
                  from actor_busy c
                 where c.actor = any ($1) and c.during && tstzrange($2, $3) and (c.expires_at is null or c.expires_at > $4)
                 union all
                select f.actor, 2147483647, f.during
                  from forced_block f
                 where f.actor = any ($1) and f.during && tstzrange($2, $3)) taken
         group by actor, lane) b,
       unnest(b.during) as t(busy)
 group by b.actor, b.lane
