-- resources in the order of their creation, after one of them
select r.rid, r.resource_type, r.id, r.version_id, r.last_updated, r.method, coalesce(r.exact, r.json::text) as content
  from resource r where r.rid > $1 and not r.deleted order by r.rid limit $2
