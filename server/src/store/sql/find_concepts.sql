-- the case of a code matters where the code system says so; whoever asks looks again
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       select * from concept_row r where r.tid = $1 and lower(r.code) = any ($2)
       ) c on true
 order by c.place
