-- the calendars in use of some actors, and the Slots of those that meet one of some times and are free, or are some
with calendar as materialized (
    select r.resource_type, r.id, r.key_hash, coalesce(r.exact, r.json::text) as content
      from resource r
     where r.tok && $1::bigint[] and r.resource_type = 'Schedule' and not r.deleted
       and (r.json ->> 'active') is distinct from 'false')
select resource_type, id, content from calendar
union all
select r.resource_type, r.id, coalesce(r.exact, r.json::text)
  from resource r
 where r.tok && array(select (c.key_hash & -2) # $2::bigint from calendar c) and r.resource_type = 'Slot' and not r.deleted
   and (r.json ->> 'status' = 'free' or r.id = any ($5::text[]))
   and exists (select from unnest($3::timestamptz[], $4::timestamptz[]) as t(lower, upper)
                where (r.json ->> 'start')::timestamptz < t.upper and (r.json ->> 'end')::timestamptz > t.lower)
