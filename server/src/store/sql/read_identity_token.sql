-- on every request: a token that is in force, with what it stands for
select t.kind, t.scopes, t.issued_at, t.expires_at, g.id as grant_id, g.client_id, g.patient, g.encounter,
       g.fhir_context, g.authenticated_at, g.methods, g.acr, u.id, u.login, u.name, u.fhir_user,
       (select revision from admission_state) as admissions
  from identity_token t
  join identity_grant g on g.id = t.grant_id
  left join identity_user u on u.id = g.user_id
 where t.hash = $1 and t.expires_at > $2 and t.used_at is null
   and g.revoked_at is null and g.expires_at > $2 and not coalesce(u.is_locked, false)
   and (g.session is null or exists (select from identity_session s where s.hash = g.session))
