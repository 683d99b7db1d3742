-- versions of one type or of all, newest first, from below a change; see list_instance_history for the period
select c.resource_type, c.id, c.version_id, c.at as last_updated, c.method,
       coalesce(r.exact, r.json::text, h.exact, h.json::text) as content, c.seq
  from change c
  left join resource r
    on r.resource_type = c.resource_type and r.id = c.id and r.version_id = c.version_id
  left join resource_history h
    on h.resource_type = c.resource_type and h.id = c.id and h.version_id = c.version_id
 where ($1::text is null or c.resource_type = $1)
   and ($2::bigint is null or c.seq < $2)
   and ($3::timestamptz is null or c.at >= $3)
   and ($4::timestamptz is null or (c.at < $5 and not exists (
           select from resource n where n.resource_type = c.resource_type and n.id = c.id
                                    and n.version_id = c.version_id + 1 and n.last_updated <= $4
           union all
           select from resource_history n where n.resource_type = c.resource_type and n.id = c.id
                                    and n.version_id = c.version_id + 1 and n.last_updated <= $4)))
   /* confined: and exists (select from resource o where o.resource_type = c.resource_type and o.id = c.id and not o.deleted
                                 and <rows of o>) */
 order by c.seq desc
 limit $6
