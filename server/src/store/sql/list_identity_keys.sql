-- newest first
select kid, private_key, created_at, algorithm from identity_key where created_at > $1 order by created_at desc
