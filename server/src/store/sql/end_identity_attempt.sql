-- the attempt was good: all is forgiven after the last factor, and the address is known; only the attempt itself before;
-- locked in the order in which they are counted
with counted as (
    select login_hash, address from identity_attempt
     where login_hash = $1 and address in ($2, '') order by address desc for update
)
update identity_attempt a
   set failures = case when $4 then 0 else greatest(failures - 1, 0) end, waits_until = null,
       known_since = case when $4 and a.address <> '' then coalesce(known_since, $3) else known_since end
  from counted where a.login_hash = counted.login_hash and a.address = counted.address
