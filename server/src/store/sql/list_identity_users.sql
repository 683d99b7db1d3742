-- in the order of their logins
select id, login, name, fhir_user, password_hash, totp_secret, locked_until, is_locked
  from identity_user order by login limit $1
