-- changes after a position, in commit order and without gaps: whoever is still writing has a higher xid than these
select xid::text as xid, seq, resource_type, id, version_id, method, at
  from change
 where (xid, seq) > ($1::xid8, $2::bigint) and xid < pg_snapshot_xmin(pg_current_snapshot())
 order by xid, seq
 limit $3
