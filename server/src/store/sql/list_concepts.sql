-- words are looked for in all texts of a concept; whoever asks looks again
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       select r.*
         from (select w.place from concepts_with_words($1, $2::text[]) as w(place)
                where cardinality($2) > 0
                limit $3) found
         join concept_row r on r.tid = $1 and r.place = found.place
        union all
       select * from (
              select r.* from concept_row r
               where r.tid = $1 and cardinality($2) = 0
               order by r.place
               limit $3
              ) every
       ) c on true
 order by c.place
