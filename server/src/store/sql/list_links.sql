-- links with the rows they tell of, in their order, after one of them; a row that is gone leaves nulls
select c.seq as link, c.audit, c.place, c.prev, c.hash, a.*
  from audit_chain c left join audit a on a.seq = c.audit
 where c.seq > $1 and c.seq <= $2
 order by c.seq
 limit $3
