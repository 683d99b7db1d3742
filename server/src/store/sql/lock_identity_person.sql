-- waits for whoever else changes what somebody logs in with; kept until the end
select id from identity_user where id = $1 for update
