-- with supplements to them, and those whose value set of all codes has one of the URLs
select s.revision, t.tid, t.url, t.supplements, t.value_set, t.head::text as head, t.concepts
  from terminology_state s
  left join lateral (
       select * from terminology where kind = 'CodeSystem' and url = any ($1)
        union
       select * from terminology where supplements = any ($1)
        union
       select * from terminology where value_set = any ($1)
       ) t on true
 order by t.rid is null, t.tid desc
