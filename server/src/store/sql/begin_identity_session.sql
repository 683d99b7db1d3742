-- a new cookie for each factor that is shown: the one before is worth nothing any more, and what ends with the session of
-- the same person goes on with this one
with kept as (
    update identity_grant g set session = $1
      from identity_session s
     where s.hash = $6 and s.user_id = $2 and s.epoch = $7 and g.session = s.hash and g.user_id = $2
), ended as (delete from identity_session where hash = $6)
insert into identity_session (hash, user_id, created_at, seen_at, authenticated_at, methods, epoch)
values ($1, $2, $3, $4, $8, $5, $7)
