-- one process at a time computes search values; the lock goes with its connection
select pg_try_advisory_lock(7598203411820501::bigint)
