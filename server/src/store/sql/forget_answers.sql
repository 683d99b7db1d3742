-- answers that are repeated no more
delete from idempotency where answered <= $1
