-- which of these keys current resources have that are admitted ($3 is for find_foreign, which is asked alike)
select t.place::integer as n
  from unnest($1::text[], $2::text[]) with ordinality as t(resource_type, id, place)
  join resource r on r.resource_type = t.resource_type and r.id = t.id and not r.deleted /* confined: and <rows of r> */
 where $3::bigint is not null
