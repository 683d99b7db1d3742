-- the patients whose records somebody, by any of these names, has opened and may still see
select distinct patient, reason_code from break_glass
 where holder = any ($1) and opened_at <= $2 and ends_at > $2
