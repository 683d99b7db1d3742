-- links behind the last one
insert into audit_chain (seq, audit, place, prev, hash, sealed)
select l.seq, l.audit, l.place, l.prev, l.hash, $6
  from unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bytea[], $5::bytea[]) as l(seq, audit, place, prev, hash)
