-- a new second factor, or none; recovery codes and passkeys go with the old one; $3 is the hash of the login
with changed as (
    update identity_user set totp_secret = $2, totp_step = 0, session_epoch = session_epoch + 1
     where login = $1 returning id
), forgotten as (
    delete from identity_recovery_code where user_id in (select id from changed)
), lost as (
    delete from identity_passkey where user_id in (select id from changed)
), ended as (
    delete from identity_session where user_id in (select id from changed)
), forgiven as (
    delete from identity_attempt where login_hash = $3
)
select id from changed
