-- in the transaction that puts the pieces down
update import_progress set pieces = $2, digest = $3, touched = now() where tid = $1
