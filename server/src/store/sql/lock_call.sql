-- whether no other transaction works on the same call; kept until the end
select pg_try_advisory_xact_lock(hashtextextended($1, 15)) as is_alone
