-- the case of a code matters where the code system says so; whoever asks looks again. Written so that a plan without
-- values finds everything by an index.
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       select r.* from unnest($2::text[]) as w(code) join concept_row r on r.tid = $1 and lower(r.code) = w.code
       ) c on true
 where s.only_one
 order by c.place
