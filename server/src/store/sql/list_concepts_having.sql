-- a value that is longer than the key of the index is compared twice
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       select r.* from concept_row r
        where r.tid = $1
          and r.place in (select p.place from concept_property p
                           where p.tid = $1 and p.property = $2
                             and left(p.value, 128) = any (select left(v.value, 128) from unnest($3::text[]) as v(value))
                             and p.value = any ($3))
        order by r.place
        limit $4
       ) c on true
 order by c.place
