-- the new version; null where there is no such table
select add_closure($1, $2, $3, $4, $5)
