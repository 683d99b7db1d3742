-- in the transaction that writes the task of its review; its end is told later
with opened as (
    insert into break_glass (id, grant_id, holder, patient, reason_system, reason_code, justification, opened_at, ends_at, review)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id, ends_at
)
insert into break_glass_open (id, ends_at) select id, ends_at from opened
