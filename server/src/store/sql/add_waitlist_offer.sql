-- a visit is held for somebody who waits
insert into waitlist_offer (appointment, entry, during) values ($1, $2, tstzrange($3, $4))
