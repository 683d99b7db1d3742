-- who waits for whom a visit is held
select entry from waitlist_offer where appointment = $1
