-- how many visits are held for a person, by whichever client: a holder is client and person
select count(*) from appointment_hold where right(holder, length($1::text) + 1) = ' ' || $1 and expires_at > $2
