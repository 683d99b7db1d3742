-- whoever has the lock says that nobody is to take it; the last place that may have to be cleared
update code_import i set state = 'gone' where i.tid = $1 and i.state <> 'used'
returning coalesce((select max(c.place) from concept c where c.tid = i.tid), 0)
