-- a person's own, but not their only factor where they need one ($3); with it end their other sessions, which it may have begun
with removed as (
    delete from identity_passkey p
     where p.user_id = $1 and p.id = $2
       and (not $3 or exists (select from identity_user u where u.id = $1 and u.totp_secret is not null)
            or exists (select from identity_passkey o where o.user_id = $1 and o.id <> $2))
    returning true as is_removed
), ended as (
    delete from identity_session where user_id = $1 and hash <> $4 and exists (select from removed)
)
select is_removed from removed
