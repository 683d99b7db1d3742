-- until the connection ends: an import that was killed keeps nothing
select pg_try_advisory_lock(hashtextextended('code import ' || $1, 0))
