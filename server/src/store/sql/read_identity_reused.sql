-- the grant of a code or a refresh token that is shown twice: one of the two who show it is a thief
select g.id as grant_id, g.client_id, u.id, u.login, u.name, u.fhir_user
  from identity_grant g left join identity_user u on u.id = g.user_id
 where g.revoked_at is null
   and g.id in (select grant_id from identity_code where hash = $1 and used_at is not null
                union all
                select grant_id from identity_token where hash = $1 and kind = 'refresh' and used_at is not null)
