-- whoever was in by the old password is out; $4 is the hash of the login
with changed as (
    update identity_user
       set password_hash = $2, session_epoch = session_epoch + 1, grant_epoch = grant_epoch + 1
     where login = $1 returning id
), ended as (
    delete from identity_session where user_id in (select id from changed)
), revoked as (
    update identity_grant set revoked_at = $3 where user_id in (select id from changed) and revoked_at is null
), forgiven as (
    delete from identity_attempt where login_hash = $4
)
select count(*) from changed
