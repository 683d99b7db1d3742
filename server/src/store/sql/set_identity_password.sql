-- whoever was in by the old password is out
with changed as (
    update identity_user set password_hash = $2, failures = 0, locked_until = null where login = $1 returning id
), ended as (
    delete from identity_session where user_id in (select id from changed)
), revoked as (
    update identity_grant set revoked_at = $3 where user_id in (select id from changed) and revoked_at is null
)
select count(*) from changed
