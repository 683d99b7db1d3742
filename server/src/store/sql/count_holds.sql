-- how many visits are held for somebody
select count(*) from appointment_hold where holder = $1 and expires_at > $2
