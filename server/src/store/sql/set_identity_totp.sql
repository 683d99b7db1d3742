-- a new second factor, or none; recovery codes go with the old one
with changed as (
    update identity_user set totp_secret = $2, totp_step = 0, failures = 0, locked_until = null
     where login = $1 returning id
), forgotten as (
    delete from identity_recovery_code where user_id in (select id from changed)
), ended as (
    delete from identity_session where user_id in (select id from changed)
)
select id from changed
