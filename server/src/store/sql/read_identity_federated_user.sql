-- by whom a provider says somebody is
select id, login, name, fhir_user, password_hash, totp_secret, is_locked, session_epoch, grant_epoch
  from identity_federated_user join identity_user on id = user_id
 where issuer = $1 and subject = $2
