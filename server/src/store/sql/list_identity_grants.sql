-- the clients that may act for a person, with what and since when; newest first
select c.id, c.name, g.scopes, g.created_at, g.expires_at
  from identity_grant g join identity_client c on c.id = g.client_id join identity_user u on u.id = g.user_id
 where g.user_id = $1 and g.revoked_at is null and g.expires_at > $2
   and g.epoch = u.grant_epoch
   and (g.session is null or exists (select from identity_session s where s.hash = g.session and s.epoch = u.session_epoch))
   and exists (select from identity_token t
                where t.grant_id = g.id and t.used_at is null and t.expires_at > $2)
 order by g.created_at desc limit $3
