-- one version, current or past
select version_id, last_updated, method, coalesce(exact, json::text) as content
  from resource where resource_type = $1 and id = $2 and version_id = $3
union all
select version_id, last_updated, method, coalesce(exact, json::text)
  from resource_history where resource_type = $1 and id = $2 and version_id = $3
 limit 1
