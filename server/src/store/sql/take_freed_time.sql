-- time that was freed, for whoever comes first
select id, lower(during) as lower, upper(during) as upper from freed_time
 where due <= $1
 order by due, id limit 1
   for update skip locked
