with m as materialized (select rid, id from ideal.patient where record = $1)
select content from (
    select 1 as part, rid, coalesce(r.exact, r.json::text) as content from m join resource r using (rid)
    union all
    select 2, c.rid, coalesce(r.exact, r.json::text) as content
      from m join ideal.condition c on c.patient = m.id join resource r on r.rid = c.rid
    union all
    select 3, e.rid, coalesce(r.exact, r.json::text) as content
      from m join ideal.encounter e on e.patient = m.id join resource r on r.rid = e.rid
) page order by part, rid desc
