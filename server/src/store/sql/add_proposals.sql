-- beside them those that have run out are forgotten, a few at a time
with forgotten as (
    delete from appointment_proposal where id in (
        select id from appointment_proposal where expires_at <= $5 order by expires_at limit 500 for update skip locked))
insert into appointment_proposal (id, holder, content, expires_at)
select p.id, $2, p.content, $4 from unnest($1::text[], $3::text[]) as p(id, content)
