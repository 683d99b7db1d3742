-- new resources under ids nobody has: resource, search values, change event and what the audit trail says of it, in one
-- statement
with input as materialized (
    select t.*, t.place::integer as n
      from check_generation($1::bigint, $2::text[]) as is_current,
           unnest($2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::text[], $7::boolean[], $8::text[])
           with ordinality as t(resource_type, id, key_hash, at, content, is_exact, tok, place)
), inserted as (
    insert into resource (resource_type, id, key_hash, version_id, last_updated, method, tok, json, exact)
    select resource_type, id, key_hash, 1, at, 'POST', tok::bigint[], content::jsonb, case when is_exact then content end
      from input order by n
    returning rid, resource_type, id, tok
), written as materialized (
    select i.n, w.rid, w.tok from inserted w join input i on i.resource_type = w.resource_type and i.id = w.id
), elements as (
    insert into index_element (element, rid)
    select e.element, w.rid from written w cross join unnest(w.tok) as e(element) where is_listed(e.element)
), strings as (
    insert into index_string (parameter, folded, grams, rid)
    select s.parameter, s.folded, s.grams::integer[], w.rid
      from unnest($9::integer[], $10::bigint[], $11::text[], $12::text[]) as s(n, parameter, folded, grams)
      join written w on w.n = s.n
), dates as (
    insert into index_date (parameter, lower, upper, is_long, rid)
    select d.parameter, d.lower, d.upper, d.is_long, w.rid
      from unnest($13::integer[], $14::bigint[], $15::timestamptz[], $16::timestamptz[], $17::boolean[])
           as d(n, parameter, lower, upper, is_long)
      join written w on w.n = d.n
), numbers as (
    insert into index_number (parameter, lower, upper, units, rid)
    select v.parameter, v.lower::numeric, v.upper::numeric, v.units::bigint[], w.rid
      from unnest($18::integer[], $19::bigint[], $20::text[], $21::text[], $22::text[])
           as v(n, parameter, lower, upper, units)
      join written w on w.n = v.n
), positions as (
    insert into index_position (parameter, latitude, longitude, rid)
    select p.parameter, p.latitude::numeric, p.longitude::numeric, w.rid
      from unnest($23::integer[], $24::bigint[], $25::text[], $26::text[]) as p(n, parameter, latitude, longitude)
      join written w on w.n = p.n
), texts as (
    insert into index_text (rid, narrative, content)
    select w.rid, v.narrative::tsvector, v.content::tsvector
      from unnest($27::integer[], $28::text[], $29::text[]) as v(n, narrative, content)
      join written w on w.n = v.n
), audited as materialized (
    select add_audit($30::json, null) as rows
)
insert into change (resource_type, id, version_id, method, at)
select resource_type, id, 1, 'POST', at from input cross join audited order by n
