-- what nobody has sent that was due
delete from message where due <= $1
