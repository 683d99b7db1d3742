-- what is due, for whoever comes first
update message set tries = tries + 1, due = $2
 where request = (select request from message where due <= $1 order by due limit 1 for update skip locked)
returning request, appointment, patient, kind, starts, due, planned, tries, communication
