-- what a call is answered; an answer that is too old to be repeated makes room
insert into idempotency (caller, operation, key, digest, status, location, body, answered)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (caller, operation, key) do update
   set digest = excluded.digest, status = excluded.status, location = excluded.location, body = excluded.body,
       answered = excluded.answered
