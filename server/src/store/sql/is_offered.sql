-- whether somebody who waits has an offer, or had one of this time
select exists (
    select from waitlist_offer o
     where o.entry = $1
       and (o.during && tstzrange($2, $3)
            or exists (select from appointment_hold h where h.appointment = o.appointment)))
