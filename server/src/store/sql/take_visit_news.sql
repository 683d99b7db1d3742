-- what became of a visit, for whoever comes first; of one visit in its order
select n.id, n.appointment, n.kind from visit_news n
 where n.due <= $1
   and not exists (select from visit_news e where e.appointment = n.appointment and e.id < n.id)
 order by n.due, n.id limit 1
   for update skip locked
