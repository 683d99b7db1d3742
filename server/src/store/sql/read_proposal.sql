-- a visit that was offered to somebody, for as long as it is
select content from appointment_proposal where id = $1 and holder = $2 and expires_at > $3
