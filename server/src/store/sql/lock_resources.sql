-- keeps resources from all others until the transaction ends; keys come sorted, so locks are taken in key order
select r.rid
  from unnest($1::text[], $2::text[]) as t(resource_type, id)
  join resource r on r.resource_type = t.resource_type and r.id = t.id
 order by r.resource_type, r.id
   for update of r
