-- what nobody has sent of visits that have begun
delete from message where starts <= $1
