-- in the transaction that writes the task of its review
insert into break_glass (id, grant_id, holder, patient, reason_system, reason_code, justification, opened_at, ends_at, review)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
