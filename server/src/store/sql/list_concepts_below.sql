-- $3: with the concept itself; $4: only those right below it
select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       select r.*
         from concept top
         join lateral (
              select a.descendant as place from concept_ancestor a
               where a.tid = top.tid and a.ancestor = top.place and (a.is_parent or not $4)
               union all
              select top.place where $3
              ) below on true
         join concept_row r on r.tid = top.tid and r.place = below.place
        where top.tid = $1 and lower(top.code) = lower($2) and top.code = $2
        order by r.place
        limit $5
       ) c on true
 order by c.place
