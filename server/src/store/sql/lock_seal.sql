-- one process at a time seals; the lock goes with its transaction
select pg_try_advisory_xact_lock(7598203411820513)
