-- by login
select id, login, name, fhir_user, password_hash, totp_secret, is_locked, session_epoch, grant_epoch
  from identity_user where login = $1
