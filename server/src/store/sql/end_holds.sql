-- visits that are held no more
delete from appointment_hold where appointment = any ($1)
