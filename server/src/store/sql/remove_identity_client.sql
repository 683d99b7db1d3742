-- grants and tokens go with it
delete from identity_client where id = $1 returning true
