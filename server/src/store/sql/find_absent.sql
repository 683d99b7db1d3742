-- which of these keys no current resource has
select t.resource_type || '/' || t.id
  from unnest($1::text[], $2::text[]) as t(resource_type, id)
 where not exists (
       select from resource r
        where r.resource_type = t.resource_type and r.id = t.id and not r.deleted
          /* confined: and <rows of r> */)
