-- what became of visits
insert into visit_news (appointment, kind, due)
select n.appointment, n.kind, $3 from unnest($1::text[], $2::text[]) as n(appointment, kind)
