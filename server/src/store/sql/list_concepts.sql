-- words are looked for in all texts of a concept; whoever asks looks again. More than may be looked at are so many rows
-- of nothing: nobody reads what they have.
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       with found as materialized (
           (select w.place from concepts_with_words($1, $2::text[]) as w(place)
             where cardinality($2) > 0
             limit $3)
            union all
           (select o.place from concept o
             where o.tid = $1 and cardinality($2) = 0
             order by o.place
             limit $3)
       )
       select r.detail, r.parents, r.ancestors, r.has_children, r.place
         from found join concept_row r on r.tid = $1 and r.place = found.place
        where (select count(*) from found) < $3
        union all
       select null, null, null, null, found.place from found where (select count(*) from found) >= $3
       ) c on true
 order by c.place
