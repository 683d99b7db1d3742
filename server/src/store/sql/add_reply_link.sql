-- what a link in a message is about
insert into reply_link (secret, appointment, patient, kind, starts, told, language, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
