-- records that were open until a moment, so many at most, each once whichever process asks
with ended as (
    delete from break_glass_open where id in (
        select id from break_glass_open where ends_at <= $1 order by ends_at limit $2 for update skip locked
    ) returning id
)
select b.grant_id, b.holder, b.patient, b.ends_at from break_glass b join ended using (id) order by b.ends_at
