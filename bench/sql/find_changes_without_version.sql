-- change events of versions that are not stored
select c.resource_type || '/' || c.id || '/_history/' || c.version_id
  from change c
 where not exists (select from resource r
                    where r.resource_type = c.resource_type and r.id = c.id and r.version_id = c.version_id)
   and not exists (select from resource_history h
                    where h.resource_type = c.resource_type and h.id = c.id and h.version_id = c.version_id)
 limit 100
