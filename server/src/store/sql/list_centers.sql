-- the patients among whose compartments ($3 is their seed) these elements are
select t.n, c.id, c.tok
  from unnest($1::integer[], $2::bigint[]) as t(n, element)
  join resource c on (c.key_hash & -2) = (t.element # $3) and c.resource_type = 'Patient' and not c.deleted
