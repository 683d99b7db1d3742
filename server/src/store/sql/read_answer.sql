-- what a call has been answered, if that was since a moment
select digest, status, location, body from idempotency where caller = $1 and operation = $2 and key = $3 and answered > $4
