-- a visit is held for somebody who waits
insert into waitlist_offer (appointment, entry, patient, during) values ($1, $2, $3, tstzrange($4, $5))
