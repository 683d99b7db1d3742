-- current resources of some types that have one of some elements and are not over at a moment; a Schedule has no end
select r.resource_type, r.id
  from resource r
 where r.tok && $1::bigint[] and r.resource_type = any ($2::text[]) and not r.deleted
   and (r.resource_type = 'Schedule' or (r.json ->> 'end')::timestamptz > $3)
