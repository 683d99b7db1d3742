-- for whom a visit is held, until when, and whether that was extended
select holder, expires_at, is_extended from appointment_hold where appointment = $1
