-- tokens and sessions of somebody who is locked are not found any more; $3 is the hash of the login
with changed as (
    update identity_user set is_locked = $2, session_epoch = session_epoch + 1 where login = $1 returning id
), ended as (
    delete from identity_session where user_id in (select id from changed)
), forgiven as (
    delete from identity_attempt where login_hash = $3
)
select count(*) from changed
