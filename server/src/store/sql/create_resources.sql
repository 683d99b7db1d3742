-- new resources under ids nobody has: resource, search values and change event in one statement
with input as materialized (
    select t.*, t.place::integer as n
      from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::boolean[], $7::text[])
           with ordinality as t(resource_type, id, key_hash, at, content, is_exact, tok, place)
), written as (
    insert into resource (resource_type, id, key_hash, version_id, last_updated, method, tok, json, exact)
    select resource_type, id, key_hash, 1, at, 'POST', tok::bigint[], content::jsonb, case when is_exact then content end
      from input order by n
    returning rid, resource_type, id
), strings as (
    insert into index_string (parameter, folded, rid)
    select s.parameter, s.folded, w.rid
      from unnest($8::integer[], $9::bigint[], $10::text[]) as s(n, parameter, folded)
      join input i on i.n = s.n
      join written w on w.resource_type = i.resource_type and w.id = i.id
), dates as (
    insert into index_date (parameter, lower, upper, rid)
    select d.parameter, d.lower, d.upper, w.rid
      from unnest($11::integer[], $12::bigint[], $13::timestamptz[], $14::timestamptz[]) as d(n, parameter, lower, upper)
      join input i on i.n = d.n
      join written w on w.resource_type = i.resource_type and w.id = i.id
)
insert into change (resource_type, id, version_id, method, at)
select resource_type, id, 1, 'POST', at from input order by n
