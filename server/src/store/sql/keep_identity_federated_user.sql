-- an account at the first login; whoever has become somebody else begins anew: sessions and grants of before are over
with known as (
    select f.user_id, u.fhir_user <> $6 as is_other
      from identity_federated_user f join identity_user u on u.id = f.user_id where f.issuer = $1 and f.subject = $2
), forgotten as (
    -- What somebody else has is no factor of theirs.
    delete from identity_recovery_code where user_id in (select user_id from known where is_other)
), lost as (
    delete from identity_passkey where user_id in (select user_id from known where is_other)
), changed as (
    update identity_user
       set name = $5, fhir_user = $6,
           totp_secret = case when fhir_user = $6 then totp_secret end,
           totp_step = case when fhir_user = $6 then totp_step else 0 end,
           session_epoch = session_epoch + case when fhir_user = $6 then 0 else 1 end,
           grant_epoch = grant_epoch + case when fhir_user = $6 then 0 else 1 end
     where id in (select user_id from known)
), made as (
    insert into identity_user (id, login, name, fhir_user, created_at)
    select $3, $4, $5, $6, $7 where not exists (select from known)
    on conflict (login) do nothing returning id
)
insert into identity_federated_user (issuer, subject, user_id) select $1, $2, id from made
