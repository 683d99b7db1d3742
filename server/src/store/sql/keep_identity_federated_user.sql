-- an account at the first login; whoever has become somebody else begins anew: sessions and grants of before are over
with known as (
    select user_id from identity_federated_user where issuer = $1 and subject = $2
), changed as (
    update identity_user
       set name = $5, fhir_user = $6,
           session_epoch = session_epoch + case when fhir_user = $6 then 0 else 1 end,
           grant_epoch = grant_epoch + case when fhir_user = $6 then 0 else 1 end
     where id in (select user_id from known)
), made as (
    insert into identity_user (id, login, name, fhir_user, created_at)
    select $3, $4, $5, $6, $7 where not exists (select from known)
    on conflict (login) do nothing returning id
)
insert into identity_federated_user (issuer, subject, user_id) select $1, $2, id from made
