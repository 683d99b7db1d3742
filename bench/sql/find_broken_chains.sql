-- resources whose versions, past and current, are not 1..n
select resource_type || '/' || id
  from (select resource_type, id, version_id from resource
        union all
        select resource_type, id, version_id from resource_history) v
 group by resource_type, id
having min(version_id) <> 1 or count(*) <> max(version_id) or count(distinct version_id) <> count(*)
 limit 100
