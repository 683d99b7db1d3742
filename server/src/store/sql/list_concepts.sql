-- words are looked for in all texts of a concept; whoever asks looks again
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       select * from concept_row r
        where r.tid = $1
          and not exists (select from unnest($2::text[]) as w(word)
                           where strpos(lower(r.code || ' ' || coalesce(r.detail ->> 'display', '') || ' '
                                              || coalesce(r.detail ->> 'designation', '')), w.word) = 0)
        order by r.place
        limit $3
       ) c on true
 order by c.place
