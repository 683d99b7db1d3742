-- unless there is a young one already
insert into identity_key (kid, private_key, created_at)
select $1, $2, $3 where not exists (select from identity_key where created_at > $4)
