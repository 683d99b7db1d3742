-- current resources of a type in the order of their creation, after one of them
select r.rid, r.resource_type, r.id, r.version_id, r.last_updated, r.method, coalesce(r.exact, r.json::text) as content
  from resource r where r.resource_type = $1 and r.rid > $2 and not r.deleted order by r.rid limit $3
