-- tokens and sessions of somebody who is locked are not found any more
with changed as (
    update identity_user set is_locked = $2, failures = 0, locked_until = null where login = $1 returning id
), ended as (
    delete from identity_session where user_id in (select id from changed)
)
select count(*) from changed
