-- for whom a visit is held, and until when
select holder, expires_at from appointment_hold where appointment = $1
