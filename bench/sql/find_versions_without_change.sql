-- versions with no change event, or with several
select v.resource_type || '/' || v.id || '/_history/' || v.version_id
  from (select resource_type, id, version_id from resource
        union all
        select resource_type, id, version_id from resource_history) v
  left join change c using (resource_type, id, version_id)
 group by v.resource_type, v.id, v.version_id
having count(c.xid) <> 1
 limit 100
