-- Some elements in the order of their rows: those that many resources have in common and most searches name. The index of
-- all elements knows no order. See server/decisions/0018-elements-in-order.md.

-- An element says itself whether it is listed, by its last bit.
create function is_listed(element bigint) returns boolean language sql immutable parallel safe
return element & 1 = 1;

-- No key of their own and no foreign key: rows come and go with their resource in the same statement.
create table index_element (
    element bigint not null,
    rid bigint not null
);
create index index_element_value on index_element (element, rid);
alter table index_element set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- The last bit of a key's hash says nothing in an element: element # seed = key_hash & -2.
drop index resource_key_hash;
create index resource_key on resource ((key_hash & -2)) where not deleted;

-- Updates and creates under a chosen id. All arrays have one length, the first two are in key order and without repeats.
-- The content is head || version || middle || instant || tail: the version is known only here.
-- verdict: created, updated, mismatch (if_match), exists (if_absent), raced (made by another meanwhile: ask again).
create or replace function put_resources(
    generation bigint,
    types text[], ids text[], key_hashes bigint[], instants timestamptz[], methods text[],
    heads text[], middles text[], tails text[], are_exact boolean[], toks text[],
    if_matches text[], if_absents boolean[], fresh index_columns
) returns table (n integer, verdict text, version_id bigint, last_updated timestamptz)
language plpgsql as $$
#variable_conflict use_column
declare
    verdicts text[];
    versions bigint[];
    moments timestamptz[];
    rids bigint[];
begin
    perform check_generation(generation, types);

    -- Locked in key order: two calls over the same resources cannot deadlock.
    perform 1 from (
        select r.rid from unnest(types, ids) as t(resource_type, id)
          join resource r on r.resource_type = t.resource_type and r.id = t.id
         order by r.resource_type, r.id
           for update of r
    ) as locked;

    with input as materialized (
        select t.*, t.place::integer as n
          from unnest(types, ids, key_hashes, instants, methods, heads, middles, tails, are_exact, toks, if_matches, if_absents)
               with ordinality as t(resource_type, id, key_hash, instant, method, head, middle, tail, is_exact, tok,
                                    if_match, if_absent, place)
    ), target as materialized (
        select i.n, i.resource_type, i.id, i.key_hash, i.method, i.tok::bigint[] as tok, i.is_exact,
               r.rid, coalesce(r.version_id, 0) + 1 as version_id, w.at,
               i.head || (coalesce(r.version_id, 0) + 1) || i.middle
                   || to_char(w.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || i.tail as content,
               case
                   when i.if_match is not null
                        and (r.rid is null or r.deleted or not case i.if_match when '*' then true else r.version_id = any (i.if_match::bigint[]) end)
                        then 'mismatch'
                   when i.if_absent and not r.deleted then 'exists'
                   when r.rid is null then 'created'
                   when r.deleted then 'revived'
                   else 'updated'
               end as verdict
          from input i
          left join resource r on r.resource_type = i.resource_type and r.id = i.id
          -- Time never runs backwards within one resource, whatever the nodes' clocks say.
          cross join lateral (select greatest(i.instant, r.last_updated + interval '1 millisecond') as at) w
    ), archived as (
        insert into resource_history (resource_type, id, version_id, last_updated, method, json, exact)
        select r.resource_type, r.id, r.version_id, r.last_updated, r.method, r.json, r.exact
          from target t join resource r on r.resource_type = t.resource_type and r.id = t.id
         where t.verdict in ('updated', 'revived')
    ), updated as (
        update resource r
           set version_id = t.version_id, last_updated = t.at, method = t.method, deleted = false, tok = t.tok,
               json = t.content::jsonb, exact = case when t.is_exact then t.content end
          from target t
         where t.verdict in ('updated', 'revived') and r.resource_type = t.resource_type and r.id = t.id
        returning t.n, r.rid
    ), inserted as (
        insert into resource (resource_type, id, key_hash, version_id, last_updated, method, tok, json, exact)
        select t.resource_type, t.id, t.key_hash, t.version_id, t.at, t.method, t.tok, t.content::jsonb,
               case when t.is_exact then t.content end
          from target t
         where t.verdict = 'created'
         order by t.n
        on conflict do nothing
        returning rid, resource_type, id
    ), written as materialized (
        select u.n, u.rid from updated u
        union all
        select t.n, i.rid from inserted i join target t on t.resource_type = i.resource_type and t.id = i.id
    ), unlisted as (
        delete from index_element x
         using target t join resource r on r.rid = t.rid cross join unnest(r.tok) as o(element)
         where t.verdict = 'updated' and r.tok <> t.tok and is_listed(o.element) and o.element <> all (t.tok)
           and x.element = o.element and x.rid = r.rid
    ), listed as (
        insert into index_element (element, rid)
        select e.element, w.rid
          from written w join target t on t.n = w.n
          left join resource r on r.rid = t.rid
         cross join unnest(t.tok) as e(element)
         where is_listed(e.element) and (r.rid is null or r.tok <> t.tok and e.element <> all (r.tok))
    ), changes as (
        insert into change (resource_type, id, version_id, method, at)
        select t.resource_type, t.id, t.version_id, t.method, t.at
          from target t join written w on w.n = t.n
         order by t.n
    )
    select array_agg(case when t.verdict in ('mismatch', 'exists') then t.verdict
                          when w.n is null then 'raced'
                          when t.verdict = 'revived' then 'created'
                          else t.verdict end order by t.n),
           array_agg(t.version_id order by t.n), array_agg(t.at order by t.n), array_agg(w.rid order by t.n)
      into verdicts, versions, moments, rids
      from target t left join written w on w.n = t.n;

    perform replace_index_values(rids, fresh);

    return query
    select t.place::integer, t.verdict, t.version_id, t.at
      from unnest(verdicts, versions, moments) with ordinality as t(verdict, version_id, at, place);
end
$$;

-- Deletes. Arrays in key order and without repeats. reference_elements are what a resource that refers to the row would
-- carry in tok; null where nobody is asked.
-- verdict: deleted, absent (nothing to delete), mismatch (if_match), referenced (referrers names some).
create or replace function delete_resources(
    types text[], ids text[], instants timestamptz[], if_matches text[], reference_elements bigint[]
) returns table (n integer, verdict text, version_id bigint, last_updated timestamptz, referrers text[])
language plpgsql as $$
#variable_conflict use_column
begin
    perform check_generation(null, types);

    perform 1 from (
        select r.rid from unnest(types, ids) as t(resource_type, id)
          join resource r on r.resource_type = t.resource_type and r.id = t.id
         order by r.resource_type, r.id
           for update of r
    ) as locked;

    return query
    with input as materialized (
        select t.*, t.place::integer as n
          from unnest(types, ids, instants, if_matches, reference_elements)
               with ordinality as t(resource_type, id, instant, if_match, element, place)
    ), target as materialized (
        select i.n, i.resource_type, i.id, r.rid, r.version_id + 1 as version_id,
               greatest(i.instant, r.last_updated + interval '1 millisecond') as at, f.referrers,
               case
                   when i.if_match is not null
                        and (r.rid is null or r.deleted or not case i.if_match when '*' then true else r.version_id = any (i.if_match::bigint[]) end)
                        then 'mismatch'
                   when r.rid is null or r.deleted then 'absent'
                   when f.referrers is not null then 'referenced'
                   else 'deleted'
               end as verdict
          from input i
          left join resource r on r.resource_type = i.resource_type and r.id = i.id
          left join lateral (
               select array_agg(o.key) as referrers
                 from (select o.resource_type || '/' || o.id as key from resource o
                        where o.tok @> array[i.element] and not o.deleted and o.rid <> r.rid limit 5) o
               ) f on i.element is not null and not r.deleted
    ), archived as (
        insert into resource_history (resource_type, id, version_id, last_updated, method, json, exact)
        select r.resource_type, r.id, r.version_id, r.last_updated, r.method, r.json, r.exact
          from target t join resource r on r.resource_type = t.resource_type and r.id = t.id
         where t.verdict = 'deleted'
    ), deleted as (
        update resource r
           set version_id = t.version_id, last_updated = t.at, method = 'DELETE', deleted = true, tok = '{}',
               json = null, exact = null
          from target t
         where t.verdict = 'deleted' and r.resource_type = t.resource_type and r.id = t.id
        returning r.rid
    ), elements_gone as (
        delete from index_element x
         using target t join resource r on r.rid = t.rid cross join unnest(r.tok) as o(element)
         where t.verdict = 'deleted' and is_listed(o.element) and x.element = o.element and x.rid = r.rid
    ), strings_gone as (
        delete from index_string x using deleted d where x.rid = d.rid
    ), dates_gone as (
        delete from index_date x using deleted d where x.rid = d.rid
    ), numbers_gone as (
        delete from index_number x using deleted d where x.rid = d.rid
    ), positions_gone as (
        delete from index_position x using deleted d where x.rid = d.rid
    ), texts_gone as (
        delete from index_text x using deleted d where x.rid = d.rid
    ), changes as (
        insert into change (resource_type, id, version_id, method, at)
        select t.resource_type, t.id, t.version_id, 'DELETE', t.at from target t where t.verdict = 'deleted' order by t.n
    )
    select t.n, t.verdict, t.version_id, t.at, t.referrers from target t;
end
$$;

-- Search values computed anew, for versions that are still current. Nothing else of a resource changes, so there is no new
-- version and no change event.
create or replace function reindex_resources(
    generation bigint, rids bigint[], versions bigint[], toks text[], fresh index_columns
) returns void language plpgsql as $$
#variable_conflict use_column
declare
    current_rids bigint[];
begin
    perform check_generation(generation, '{}');

    perform 1 from (
        select r.rid from resource r where r.rid = any (rids) order by r.resource_type, r.id for update of r
    ) as locked;

    select array_agg(r.rid order by t.place) into current_rids
      from unnest(rids, versions) with ordinality as t(rid, version_id, place)
      left join resource r on r.rid = t.rid and r.version_id = t.version_id and not r.deleted;

    with changed as materialized (
        select r.rid, r.tok as former, t.tok::bigint[] as tok
          from unnest(current_rids, toks) as t(rid, tok) join resource r on r.rid = t.rid
         where r.tok <> t.tok::bigint[]
    ), unlisted as (
        delete from index_element x
         using changed c cross join unnest(c.former) as o(element)
         where is_listed(o.element) and o.element <> all (c.tok) and x.element = o.element and x.rid = c.rid
    ), listed as (
        insert into index_element (element, rid)
        select e.element, c.rid from changed c cross join unnest(c.tok) as e(element)
         where is_listed(e.element) and e.element <> all (c.former)
    )
    update resource r set tok = c.tok from changed c where r.rid = c.rid;

    perform replace_index_values(current_rids, fresh);
end
$$;
