-- whether no code of this time step or a later one was used before
update identity_user set totp_step = $2 where id = $1 and totp_step < $2 returning true
