-- waits for whoever begins a hold for the same person; kept until the end
select pg_advisory_xact_lock(hashtextextended($1, 16))
