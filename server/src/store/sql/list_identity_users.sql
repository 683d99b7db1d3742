-- in the order of their logins
select id, login, name, fhir_user, password_hash, totp_secret, is_locked, session_epoch, grant_epoch
  from identity_user order by login limit $1
