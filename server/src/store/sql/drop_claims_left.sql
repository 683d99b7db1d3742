-- claims and blocks over visits of what is no longer stored
with gone as (
    delete from forced_block f where not exists (
        select from resource r
         where r.resource_type = split_part(f.source, '/', 1) and r.id = split_part(f.source, '/', 2) and not r.deleted))
delete from actor_busy b where not exists (
    select from resource r
     where r.resource_type = split_part(b.source, '/', 1) and r.id = split_part(b.source, '/', 2) and not r.deleted)
