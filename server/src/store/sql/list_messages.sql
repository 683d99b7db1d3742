-- what is to be sent about a visit
select request, appointment, patient, kind, starts, due, planned, tries, communication from message
 where appointment = $1
 order by request
   for update
