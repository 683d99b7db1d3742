-- which of these keys current resources have that are in the record of a patient who is not admitted; $3 is the seed of
-- compartments
select distinct t.place::integer as n
  from unnest($1::text[], $2::text[]) with ordinality as t(resource_type, id, place)
  join resource r on r.resource_type = t.resource_type and r.id = t.id and not r.deleted
 cross join lateral unnest(r.tok) as e(element)
  join resource c on (c.key_hash & -2) = (e.element # $3) and c.resource_type = 'Patient' and not c.deleted
 where true /* confined: and not <rows of c> */
