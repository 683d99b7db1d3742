-- how often a message was handed over
select tries from message where request = $1 for update
