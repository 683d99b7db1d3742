-- the attempt was good: all is forgiven after the last factor, only the attempt itself before
update identity_user
   set failures = case when $2 then 0 else greatest(failures - 1, 0) end, locked_until = null
 where id = $1
