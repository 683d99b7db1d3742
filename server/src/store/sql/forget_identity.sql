-- what has run out and can no longer be asked for
with sessions as (
    delete from identity_session where created_at <= $2
), tokens as (
    delete from identity_token where expires_at <= $1
), assertions as (
    delete from identity_assertion where expires_at <= $1
), launches as (
    delete from identity_launch where expires_at <= $1
)
delete from identity_grant where expires_at <= $1 or revoked_at <= $2
