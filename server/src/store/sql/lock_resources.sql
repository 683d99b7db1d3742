-- current versions by key, kept from others until the transaction ends; keys come sorted, so locks are taken in key order
select r.resource_type, r.id, r.version_id, r.last_updated, r.method, coalesce(r.exact, r.json::text) as content
  from unnest($1::text[], $2::text[]) as t(resource_type, id)
  join resource r on r.resource_type = t.resource_type and r.id = t.id
 order by r.resource_type, r.id
   for update of r
