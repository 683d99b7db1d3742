-- when a message is due, and by what it was handed over
update message set due = $2, tries = $3, communication = $4 where request = $1
