-- what decides who may change the current resources of these keys: their versions and elements, and the texts of some
select t.place::integer as n, r.version_id, r.tok, case when t.is_read then coalesce(r.exact, r.json::text) end as content
  from unnest($1::text[], $2::text[], $3::boolean[]) with ordinality as t(resource_type, id, is_read, place)
  join resource r on r.resource_type = t.resource_type and r.id = t.id and not r.deleted
