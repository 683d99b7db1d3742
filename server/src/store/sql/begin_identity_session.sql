-- a new cookie for each factor that is shown: the one before is worth nothing any more
with ended as (delete from identity_session where hash = $6)
insert into identity_session (hash, user_id, created_at, seen_at, authenticated_at, methods, epoch)
values ($1, $2, $3, $4, $4, $5, $7)
