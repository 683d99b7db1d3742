-- ten for each person at most; nothing where the credential is there already
insert into identity_passkey (id, user_id, name, passkey, created_at)
select $1, $2, $3, $4, $5 where (select count(*) from identity_passkey where user_id = $2) < 10
on conflict (id) do nothing returning true
