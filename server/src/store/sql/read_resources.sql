-- current versions by key, as text; a key that never existed gives no row
select t.place::integer as n, r.version_id, r.last_updated, r.method, coalesce(r.exact, r.json::text) as content
  from unnest($1::text[], $2::text[]) with ordinality as t(resource_type, id, place)
  join resource r on r.resource_type = t.resource_type and r.id = t.id /* confined: and <rows of r> */
