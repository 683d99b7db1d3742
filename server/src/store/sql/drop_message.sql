-- nothing is sent any more
delete from message where request = $1
