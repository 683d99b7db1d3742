-- $3: with the concept itself; $4: only those right below it; $5: only those that have these words, or all
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       select r.*
         from (select below.place
                 from concept top
                 join lateral (
                      select a.descendant as place from concept_ancestor a
                       where a.tid = top.tid and a.ancestor = top.place and (a.is_parent or not $4)
                       union all
                      select top.place where $3
                      ) below on true
                where top.tid = $1 and lower(top.code) = lower($2) and top.code = $2
                  and (cardinality($5::text[]) = 0
                       or below.place in (select w.place from concepts_with_words($1, $5) as w(place)))
                order by below.place
                limit $6) found
         join concept_row r on r.tid = $1 and r.place = found.place
       ) c on true
 order by c.place
