with m as materialized (select rid, patient from ideal.observation where code = $1 order by rid desc limit 20)
select content from (
    select 1 as part, rid, coalesce(r.exact, r.json::text) as content from m join resource r using (rid)
    union all
    select 2, rid, coalesce(r.exact, r.json::text) as content
      from (select distinct patient from m) d join ideal.patient p on p.id = d.patient join resource r using (rid)
) page order by part, rid desc
