-- seen at $2, if it was seen since $3 and made since $4, and nothing of its person has changed that ends it
update identity_session
   set seen_at = $2 from identity_user
 where hash = $1 and seen_at > $3 and identity_session.created_at > $4
   and identity_user.id = user_id and epoch = session_epoch and not is_locked
returning hash, identity_session.created_at, authenticated_at, methods,
          id, login, name, fhir_user, password_hash, totp_secret, is_locked, session_epoch, grant_epoch,
       exists (select from identity_passkey p where p.user_id = identity_user.id) as has_passkey
