-- claims of what is no longer stored
delete from actor_busy b where not exists (
    select from resource r
     where r.resource_type = split_part(b.source, '/', 1) and r.id = split_part(b.source, '/', 2) and not r.deleted)
