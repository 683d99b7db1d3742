-- until when a visit is held; for whom, the first who held it says
insert into appointment_hold (appointment, holder, expires_at) values ($1, $2, $3)
on conflict (appointment) do update
   set is_extended = appointment_hold.is_extended or excluded.expires_at > appointment_hold.expires_at,
       expires_at = excluded.expires_at
