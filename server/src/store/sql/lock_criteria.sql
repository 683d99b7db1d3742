-- one conditional interaction at a time per criterion, until the transaction ends; keys come sorted
select pg_advisory_xact_lock(k) from unnest($1::bigint[]) as k
