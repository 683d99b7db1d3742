-- on every request: a token that is in force, with what it stands for
select g.id as grant_id, g.client_id, g.patient, g.encounter, g.fhir_context, g.authenticated_at, g.methods, g.acr,
       t.scopes, t.expires_at, t.kind, t.issued_at, u.id, u.login, u.name, u.fhir_user,
       (select revision from admission_state) as admissions
  from identity_token t
  join identity_grant g on g.id = t.grant_id
  left join identity_user u on u.id = g.user_id
 where t.hash = $1 and t.expires_at > $2 and t.used_at is null
   and g.revoked_at is null and g.expires_at > $2
   and (u.id is null or not u.is_locked and u.grant_epoch = g.epoch)
   and (g.session is null or exists (select from identity_session s where s.hash = g.session and s.epoch = u.session_epoch))
