-- by whom a provider says somebody is
select id, login, name, fhir_user, password_hash, totp_secret, is_locked, session_epoch, grant_epoch,
       exists (select from identity_passkey p where p.user_id = identity_user.id) as has_passkey
  from identity_federated_user join identity_user on id = user_id
 where issuer = $1 and subject = $2
