-- one version, current or past
select version_id, last_updated, method, coalesce(exact, json::text) as content
  from resource where resource_type = $1 and id = $2 and version_id = $3
   /* confined: and exists (select from resource r where r.resource_type = $1 and r.id = $2 and not r.deleted and <rows of r>) */
union all
select version_id, last_updated, method, coalesce(exact, json::text)
  from resource_history where resource_type = $1 and id = $2 and version_id = $3
   /* confined: and exists (select from resource r where r.resource_type = $1 and r.id = $2 and not r.deleted and <rows of r>) */
 limit 1
