-- by code systems and codes, side by side; the case of a code matters where the code system says so, and whoever asks looks
-- again. Written so that a plan without values finds everything by an index.
select s.revision, c.tid, c.detail::text as detail, c.parents, c.ancestors, c.has_children
  from terminology_state s
  left join lateral (
       select r.* from unnest($1::bigint[], $2::text[]) as w(tid, code)
         join concept_row r on r.tid = w.tid and lower(r.code) = w.code
       ) c on true
 where s.only_one
 order by c.tid, c.place
