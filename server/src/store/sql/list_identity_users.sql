-- behind one, in the order of their logins
select id, login, name, fhir_user, password_hash, totp_secret, is_locked, session_epoch, grant_epoch,
       exists (select from identity_passkey p where p.user_id = identity_user.id) as has_passkey
  from identity_user where login > $1 order by login limit $2
