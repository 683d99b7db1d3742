-- by source, or on the way back by target; value sets are those the map is between, in any version where it says none
select t.url, t.version, m.source_system, m.source_version, m.target_system, m.target_version,
       m.element::text as element, m.target::text as target
  from concept_mapping m
  join terminology t on t.tid = m.tid
 where (not $2 and m.source_code = any ($1) or $2 and m.target_code = any ($1))
   and ($3::text is null or t.url = $3)
   and ($4::text is null or split_part(coalesce(t.head ->> 'sourceUri', t.head ->> 'sourceCanonical'), '|', 1) = $4)
   and ($5::text is null or split_part(coalesce(t.head ->> 'targetUri', t.head ->> 'targetCanonical'), '|', 1) = $5)
   and ($6::text is null
        or split_part(coalesce(t.head ->> 'sourceUri', t.head ->> 'sourceCanonical'), '|', 2) in ('', $6))
   and ($7::text is null
        or split_part(coalesce(t.head ->> 'targetUri', t.head ->> 'targetCanonical'), '|', 2) in ('', $7))
 order by t.rid is null, t.url, t.tid, m.place
 limit 10000
