-- one that is in force: not revoked, nor its person locked or their password another, nor the session over it ends with
select g.id as grant_id, g.client_id, g.patient, g.encounter, g.fhir_context, g.authenticated_at, g.methods, g.acr,
       g.scopes, g.expires_at, u.id, u.login, u.name, u.fhir_user
  from identity_grant g left join identity_user u on u.id = g.user_id
 where g.id = $1 and g.revoked_at is null and g.expires_at > $2
   and (u.id is null or not u.is_locked and u.grant_epoch = g.epoch)
   and (g.session is null or exists (select from identity_session s where s.hash = g.session and s.epoch = u.session_epoch))
