-- what is to be sent
insert into message (request, appointment, patient, kind, starts, due, planned) values ($1, $2, $3, $4, $5, $6, $6)
