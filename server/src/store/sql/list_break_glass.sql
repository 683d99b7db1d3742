-- the patients whose records somebody, by any of these names, has opened, and from when until when they may see them
select distinct patient, reason_code, opened_at, ends_at from break_glass
 where holder = any ($1) and ends_at > $2
