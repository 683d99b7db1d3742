-- only a client's own; a refresh token takes all with it, an access token goes alone
with shown as (
    select t.hash, t.kind, t.grant_id from identity_token t join identity_grant g on g.id = t.grant_id
     where t.hash = $1 and g.client_id = $2
), gone as (
    delete from identity_token where hash in (select hash from shown where kind = 'access')
)
update identity_grant set revoked_at = coalesce(revoked_at, $3)
 where id in (select grant_id from shown where kind = 'refresh')
