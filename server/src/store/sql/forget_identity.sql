-- what has run out and can no longer be asked for
with sessions as (
    delete from identity_session where created_at <= $2
), tokens as (
    delete from identity_token where expires_at <= $1
), assertions as (
    delete from identity_assertion where expires_at <= $1
), launches as (
    delete from identity_launch where expires_at <= $1
), departures as (
    delete from identity_departure where expires_at <= $1
), replies as (
    delete from reply_link where expires_at <= $1
), ceremonies as (
    delete from identity_ceremony where expires_at <= $1
), clients as (
    delete from identity_client c where is_self_registered and created_at <= $2
       and not exists (select from identity_grant g where g.client_id = c.id)
), attempts as (
    delete from identity_attempt
     where seen_at <= $2 and (known_since is null or seen_at <= $1::timestamptz - interval '90 days')
)
delete from identity_grant where expires_at <= $1 or revoked_at <= $2
