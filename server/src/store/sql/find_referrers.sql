-- some of the resources that still refer to each of these keys
select t.resource_type || '/' || t.id as target, f.key as referrer
  from unnest($1::text[], $2::text[], $3::bigint[]) as t(resource_type, id, element)
 cross join lateral (
       select o.resource_type || '/' || o.id as key from resource o
        where o.tok @> array[t.element] and not o.deleted limit 5) f
