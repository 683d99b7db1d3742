-- what follows a resource goes before what a package brings
select s.revision, t.url, t.head::text as head
  from terminology_state s left join terminology t on t.kind = 'ValueSet' and t.url = any ($1)
 order by t.rid is null, t.tid desc
