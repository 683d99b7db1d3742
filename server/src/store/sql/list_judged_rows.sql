-- what decides who may change the current resources of these keys: their versions and elements
select t.place::integer as n, r.version_id, r.tok
  from unnest($1::text[], $2::text[]) with ordinality as t(resource_type, id, place)
  join resource r on r.resource_type = t.resource_type and r.id = t.id and not r.deleted
