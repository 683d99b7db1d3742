-- what is to be sent
insert into message (request, appointment, patient, kind, starts, due) values ($1, $2, $3, $4, $5, $6)
