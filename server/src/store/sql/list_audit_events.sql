-- events of the trail, newest first, from below a place; elements choose the rows, and what they say is looked at again
select a.*, p.place, c.seq as link, c.prev, c.hash
  from audit a
  cross join lateral generate_series(1, greatest(cardinality(a.patients), 1)) as p(place)
  left join audit_chain c on c.audit = a.seq and c.place = p.place
 where ($18::bigint is null or (a.seq <= $18 and (a.seq < $18 or p.place > $19)))
   and ($1::bigint[] is null or a.elements && $1)
   and ($2::bigint[] is null or a.elements && $2)
   and ($3::bigint[] is null or a.elements && $3)
   and ($4::text[] is null or a.patients[p.place] = any ($4)
        or (a.agent like 'Patient/%' and substr(a.agent, 9) = any ($4)))
   and ($5::text[] is null or 'Patient/' || a.patients[p.place] = any ($5) or exists (
           select from unnest(a.entities, a.owners) as e(entity, owner)
            where greatest(e.owner, 1) = p.place and split_part(e.entity, '/_history/', 1) = any ($5)))
   and ($6::text[] is null or a.agent = any ($6) or 'Device/' || a.node = any ($6))
   and ($7::text[] is null or a.login = any ($7))
   and ($8::text[] is null or a.grant_id = any ($8))
   and ($9::text[] is null or exists (
           select from unnest($9) as v(start), lower(v.start) as folded
            where starts_with(lower(a.address), folded) or starts_with(lower(a.base_url), folded)))
   and ($10::timestamptz is null or a.recorded >= $10)
   and ($11::timestamptz is null or a.recorded < $11)
   and ($12::text[] is null or a.action = any ($12))
   and ($13::text[] is null or a.outcome::text = any ($13))
   and ($14::text[] is null or case when a.interaction in ('login', 'logout') then '110114'
                                    when a.interaction = 'security' or a.status in (401, 403) then '110113' else 'rest' end = any ($14))
   and ($15::text[] is null or a.interaction = any ($15) or a.operation = any ($15))
   and ($16::text[] is null or a.seq || '-' || p.place = any ($16))
   and ($17::bigint[] is null or a.seq = any ($17))
 order by a.seq desc, p.place
 limit $20
