-- with supplements to them, and those whose value set of all codes has one of the URLs; of a version the first counts:
-- one that has nothing but the name is last, what follows a resource goes before what a package brings
select s.revision, t.tid, t.url, t.supplements, t.value_set, t.head::text as head, t.concepts
  from terminology_state s
  left join lateral (
       select * from terminology where kind = 'CodeSystem' and url = any ($1)
        union
       select * from terminology where supplements = any ($1)
        union
       select * from terminology where value_set = any ($1)
       ) t on true
 order by t.head ->> 'content' = 'not-present' and t.concepts = 0, t.rid is null, t.tid desc
