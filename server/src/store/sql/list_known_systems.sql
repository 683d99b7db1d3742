-- without supplements, which have no codes of their own
select url,
       array_agg(distinct version order by version)
           filter (where head ->> 'content' is distinct from 'not-present' or concepts > 0) as versions, sum(concepts)::bigint as concepts,
       bool_or(coalesce(head ->> 'hierarchyMeaning', 'is-a') not in ('part-of', 'grouped-by', 'classified-with')) as subsumption
  from terminology
 where kind = 'CodeSystem' and supplements is null
 group by url
 order by url
