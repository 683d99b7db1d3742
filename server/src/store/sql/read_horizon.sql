-- all transactions below this number have ended
select pg_snapshot_xmin(pg_current_snapshot())::text
