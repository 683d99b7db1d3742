-- the provisions that are about somebody of these names now or later, of some patients ($3) or all of them; where what nobody has
-- denied is open ($4 is false), of those patients alone who have denied something
with about as materialized (
    select distinct d.patient from consent_provision d
     where not $4 and d.effect = 'deny' and d.actors && $1 and ($3::text[] is null or d.patient = any ($3))
), found as (
    select p.* from about a
     cross join lateral (select * from consent_provision p where p.patient = a.patient and p.actors && $1 offset 0) p
    union all
    select p.* from consent_provision p where $4 and p.actors && $1 and ($3::text[] is null or p.patient = any ($3))
)
select p.consent, p.place, p.patient, p.effect, p.is_exact, p.actors, p.purposes, p.terms::text as terms, p.starts, p.ends
  from found p
 where p.ends is null or p.ends > $2
 order by p.rid, p.place
