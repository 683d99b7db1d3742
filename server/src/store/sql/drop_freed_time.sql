-- time that nobody waits for
delete from freed_time where id = $1
