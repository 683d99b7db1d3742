-- whether a patient who waits has an offer, or had one of this time; offers of before patients were noted are those of entries
select exists (
    select from waitlist_offer o
     where (o.patient = $1 or o.entry = $2)
       and (o.during && tstzrange($3, $4)
            or exists (select from appointment_hold h where h.appointment = o.appointment)))
