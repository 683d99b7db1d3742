-- what nobody has sent that was due
select request, appointment, patient, kind, starts, due, planned, tries, communication from message
 where due <= $1
 order by due, request limit 1
