-- changes of the transactions from one number up to another, all of which have ended, after a place among them
select seq, resource_type, id, version_id, method, at
  from change
 where xid >= $1::xid8 and xid < $2::xid8 and seq > $3
 order by seq
 limit $4
