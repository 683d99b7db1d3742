-- grants that end with the session end with it
delete from identity_session where hash = $1
