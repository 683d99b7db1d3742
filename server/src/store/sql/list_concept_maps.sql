-- what follows a resource goes before what a package brings
select version, head::text as head from terminology
 where kind = 'ConceptMap' and url = $1
 order by rid is null, tid desc
