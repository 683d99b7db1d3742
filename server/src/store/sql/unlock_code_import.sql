-- another may import it, or clear what it has left
select pg_advisory_unlock(hashtextextended('code import ' || $1, 0))
