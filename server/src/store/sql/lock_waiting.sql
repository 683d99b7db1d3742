-- waits for whoever offers something to the same patient, or puts them on the waiting list; kept until the end
select pg_advisory_xact_lock(hashtextextended($1, 17))
