-- The writes that must look before they write. Each is one call, one round trip and one commit; inside, every statement
-- has a snapshot of its own, so what follows a row lock sees what the lock's former holder wrote.

-- Updates and creates under a chosen id. All arrays have one length, the first two are in key order and without repeats.
-- The content is head || version || middle || instant || tail: the version is known only here.
-- verdict: created, updated, mismatch (if_match), exists (if_absent), raced (made by another meanwhile: ask again).
create function put_resources(
    types text[], ids text[], key_hashes bigint[], instants timestamptz[], methods text[],
    heads text[], middles text[], tails text[], are_exact boolean[], toks text[],
    if_matches text[], if_absents boolean[],
    string_rows integer[], string_parameters bigint[], string_folded text[],
    date_rows integer[], date_parameters bigint[], date_lowers timestamptz[], date_uppers timestamptz[]
) returns table (n integer, verdict text, version_id bigint, last_updated timestamptz)
language plpgsql as $$
#variable_conflict use_column
begin
    -- Locked in key order: two calls over the same resources cannot deadlock.
    perform 1 from (
        select r.rid from unnest(types, ids) as t(resource_type, id)
          join resource r on r.resource_type = t.resource_type and r.id = t.id
         order by r.resource_type, r.id
           for update of r
    ) as locked;

    return query
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
    ), strings as materialized (
        select w.rid, s.parameter, s.folded
          from unnest(string_rows, string_parameters, string_folded) as s(n, parameter, folded)
          join written w on w.n = s.n
    ), strings_gone as (
        delete from index_string s using updated u
         where s.rid = u.rid and not exists (
               select from strings x where x.rid = s.rid and x.parameter = s.parameter and x.folded = s.folded)
    ), strings_new as (
        insert into index_string (parameter, folded, rid)
        select x.parameter, x.folded, x.rid from strings x
         where not exists (select from index_string s where s.rid = x.rid and s.parameter = x.parameter
                                                        and s.folded = x.folded)
    ), dates as materialized (
        select w.rid, d.parameter, d.lower, d.upper
          from unnest(date_rows, date_parameters, date_lowers, date_uppers) as d(n, parameter, lower, upper)
          join written w on w.n = d.n
    ), dates_gone as (
        delete from index_date d using updated u
         where d.rid = u.rid and not exists (
               select from dates x where x.rid = d.rid and x.parameter = d.parameter and x.lower = d.lower
                                     and x.upper = d.upper)
    ), dates_new as (
        insert into index_date (parameter, lower, upper, rid)
        select x.parameter, x.lower, x.upper, x.rid from dates x
         where not exists (select from index_date d where d.rid = x.rid and d.parameter = x.parameter
                                                      and d.lower = x.lower and d.upper = x.upper)
    ), changes as (
        insert into change (resource_type, id, version_id, method, at)
        select t.resource_type, t.id, t.version_id, t.method, t.at
          from target t join written w on w.n = t.n
         order by t.n
    )
    select t.n,
           case when t.verdict in ('mismatch', 'exists') then t.verdict
                when w.n is null then 'raced'
                when t.verdict = 'revived' then 'created'
                else t.verdict end,
           t.version_id, t.at
      from target t left join written w on w.n = t.n;
end
$$;

-- Deletes. Arrays in key order and without repeats. reference_elements are what a resource that refers to the row would
-- carry in tok; null where nobody is asked.
-- verdict: deleted, absent (nothing to delete), mismatch (if_match), referenced (referrers names some).
create function delete_resources(
    types text[], ids text[], instants timestamptz[], if_matches text[], reference_elements bigint[]
) returns table (n integer, verdict text, version_id bigint, last_updated timestamptz, referrers text[])
language plpgsql as $$
#variable_conflict use_column
begin
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
    ), strings_gone as (
        delete from index_string s using deleted d where s.rid = d.rid
    ), dates_gone as (
        delete from index_date x using deleted d where x.rid = d.rid
    ), changes as (
        insert into change (resource_type, id, version_id, method, at)
        select t.resource_type, t.id, t.version_id, 'DELETE', t.at from target t where t.verdict = 'deleted' order by t.n
    )
    select t.n, t.verdict, t.version_id, t.at, t.referrers from target t;
end
$$;

-- Search values computed anew, for versions that are still current. Nothing else of a resource changes, so there is no new
-- version and no change event.
create function reindex_resources(
    rids bigint[], versions bigint[], toks text[],
    string_rows integer[], string_parameters bigint[], string_folded text[],
    date_rows integer[], date_parameters bigint[], date_lowers timestamptz[], date_uppers timestamptz[]
) returns void language plpgsql as $$
#variable_conflict use_column
begin
    perform 1 from (
        select r.rid from resource r where r.rid = any (rids) order by r.resource_type, r.id for update of r
    ) as locked;

    with input as materialized (
        select t.rid, t.tok::bigint[] as tok, t.place::integer as n
          from unnest(rids, versions, toks) with ordinality as t(rid, version_id, tok, place)
          join resource r on r.rid = t.rid and r.version_id = t.version_id and not r.deleted
    ), updated as (
        update resource r set tok = i.tok from input i where r.rid = i.rid and r.tok <> i.tok
    ), strings as materialized (
        select i.rid, s.parameter, s.folded
          from unnest(string_rows, string_parameters, string_folded) as s(n, parameter, folded) join input i on i.n = s.n
    ), strings_gone as (
        delete from index_string s using input i
         where s.rid = i.rid and not exists (
               select from strings x where x.rid = s.rid and x.parameter = s.parameter and x.folded = s.folded)
    ), strings_new as (
        insert into index_string (parameter, folded, rid)
        select x.parameter, x.folded, x.rid from strings x
         where not exists (select from index_string s where s.rid = x.rid and s.parameter = x.parameter
                                                        and s.folded = x.folded)
    ), dates as materialized (
        select i.rid, d.parameter, d.lower, d.upper
          from unnest(date_rows, date_parameters, date_lowers, date_uppers) as d(n, parameter, lower, upper)
          join input i on i.n = d.n
    ), dates_gone as (
        delete from index_date d using input i
         where d.rid = i.rid and not exists (
               select from dates x where x.rid = d.rid and x.parameter = d.parameter and x.lower = d.lower
                                     and x.upper = d.upper)
    )
    insert into index_date (parameter, lower, upper, rid)
    select x.parameter, x.lower, x.upper, x.rid from dates x
     where not exists (select from index_date d where d.rid = x.rid and d.parameter = x.parameter
                                                  and d.lower = x.lower and d.upper = x.upper);
end
$$;
