-- $3: with the concept itself; $4: only those right below it; $5: only those that have these words, or all. More than may
-- be looked at are so many rows of nothing, but for those right below, of which the first are answered.
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       with found as materialized (
           select below.place
             from concept top
             join lateral (
                  select a.descendant as place from concept_ancestor a
                   where a.tid = top.tid and a.ancestor = top.place and (a.is_parent or not $4)
                   union all
                  select top.place where $3
                  ) below on true
            where top.tid = $1 and lower(top.code) = lower($2::text collate "C") and top.code = $2
              and (cardinality($5::text[]) = 0
                   or below.place in (select w.place from concepts_with_words($1, $5) as w(place)))
            order by below.place
            limit $6
       )
       select r.detail, r.parents, r.ancestors, r.has_children, r.place
         from found join concept_row r on r.tid = $1 and r.place = found.place
        where $4 or (select count(*) from found) < $6
        union all
       select null, null, null, null, found.place from found
        where not $4 and (select count(*) from found) >= $6
       ) c on true
 order by c.place
