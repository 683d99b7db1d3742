-- on every request: tokens that are in force at moments, with what they stand for
select a.place::integer as n,
       g.id as grant_id, g.client_id, g.patient, g.encounter, g.fhir_context, g.authenticated_at, g.methods, g.acr,
       t.scopes, t.expires_at, t.kind, t.issued_at, t.certificate, u.id, u.login, u.name, u.fhir_user,
       (select revision from admission_state) as admissions
  from unnest($1::bytea[], $2::timestamptz[]) with ordinality as a(hash, now, place)
  join identity_token t on t.hash = a.hash and t.expires_at > a.now and t.used_at is null
  join identity_grant g on g.id = t.grant_id and g.revoked_at is null and g.expires_at > a.now
  left join identity_user u on u.id = g.user_id
 where (u.id is null or not u.is_locked and u.grant_epoch = g.epoch)
   and (g.session is null or exists (select from identity_session s where s.hash = g.session and s.epoch = u.session_epoch))
