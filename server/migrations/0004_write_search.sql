-- The writes of 0002 for all search values, each made ready with a generation of definitions.

drop function put_resources(text[], text[], bigint[], timestamptz[], text[], text[], text[], text[], boolean[], text[],
                            text[], boolean[], integer[], bigint[], text[], integer[], bigint[], timestamptz[],
                            timestamptz[]);
drop function delete_resources(text[], text[], timestamptz[], text[], bigint[]);
drop function reindex_resources(bigint[], bigint[], text[], integer[], bigint[], text[], integer[], bigint[],
                                timestamptz[], timestamptz[]);

-- Refuses what was made ready with another generation than the current one; a write of a SearchParameter makes the next.
--
-- The transaction has its number before the generation is read. So whoever read a generation before the next one was
-- committed has a number below the first one given out afterwards: when all below that have ended, no value of the old
-- generation can still appear. Inside a function that is volatile each statement sees what is committed when it begins.
create function check_generation(expected bigint, types text[]) returns boolean language plpgsql volatile as $$
begin
    perform pg_current_xact_id();
    if 'SearchParameter' = any (types) then
        -- Waits for another such write, and then finds its generation.
        update search_generation set generation = generation + 1, xid = pg_current_xact_id()
         where expected is null or generation = expected or xid = pg_current_xact_id();
    elsif expected is null then
        return true;
    else
        perform from search_generation where generation = expected or xid = pg_current_xact_id();
    end if;
    if not found then
        raise exception 'the definitions of search parameters have changed' using errcode = 'VS001';
    end if;
    return true;
end
$$;

-- The search values of several resources; rows count them from 1. What arrays of arrays cannot say is said as text.
create type index_columns as (
    string_rows integer[], string_parameters bigint[], string_folded text[], string_grams text[],
    date_rows integer[], date_parameters bigint[], date_lowers timestamptz[], date_uppers timestamptz[],
    date_are_long boolean[],
    number_rows integer[], number_parameters bigint[], number_lowers text[], number_uppers text[], number_units text[],
    position_rows integer[], position_parameters bigint[], position_latitudes text[], position_longitudes text[],
    text_rows integer[], text_narratives text[], text_contents text[]
);

-- Gives rows the values of that place, writing and deleting the difference only. Null rids are left out.
create function replace_index_values(rids bigint[], fresh index_columns) returns void language plpgsql as $$
#variable_conflict use_column
begin
    with target as materialized (
        select t.rid, t.n::integer as n from unnest(rids) with ordinality as t(rid, n) where t.rid is not null
    ), wanted as materialized (
        select t.rid, s.parameter, s.folded, s.grams::integer[] as grams
          from unnest(fresh.string_rows, fresh.string_parameters, fresh.string_folded, fresh.string_grams)
               as s(n, parameter, folded, grams)
          join target t on t.n = s.n
    ), gone as (
        delete from index_string s using target t
         where s.rid = t.rid and not exists (
               select from wanted x where x.rid = s.rid and x.parameter = s.parameter and x.folded = s.folded
                                      and x.grams = s.grams)
    )
    insert into index_string (parameter, folded, grams, rid)
    select x.parameter, x.folded, x.grams, x.rid from wanted x
     where not exists (select from index_string s where s.rid = x.rid and s.parameter = x.parameter
                                                    and s.folded = x.folded and s.grams = x.grams);

    with target as materialized (
        select t.rid, t.n::integer as n from unnest(rids) with ordinality as t(rid, n) where t.rid is not null
    ), wanted as materialized (
        select t.rid, d.parameter, d.lower, d.upper, d.is_long
          from unnest(fresh.date_rows, fresh.date_parameters, fresh.date_lowers, fresh.date_uppers, fresh.date_are_long)
               as d(n, parameter, lower, upper, is_long)
          join target t on t.n = d.n
    ), gone as (
        delete from index_date d using target t
         where d.rid = t.rid and not exists (
               select from wanted x where x.rid = d.rid and x.parameter = d.parameter and x.lower = d.lower
                                      and x.upper = d.upper and x.is_long = d.is_long)
    )
    insert into index_date (parameter, lower, upper, is_long, rid)
    select x.parameter, x.lower, x.upper, x.is_long, x.rid from wanted x
     where not exists (select from index_date d where d.rid = x.rid and d.parameter = x.parameter
                                                  and d.lower = x.lower and d.upper = x.upper and d.is_long = x.is_long);

    with target as materialized (
        select t.rid, t.n::integer as n from unnest(rids) with ordinality as t(rid, n) where t.rid is not null
    ), wanted as materialized (
        select t.rid, v.parameter, v.lower::numeric as lower, v.upper::numeric as upper, v.units::bigint[] as units
          from unnest(fresh.number_rows, fresh.number_parameters, fresh.number_lowers, fresh.number_uppers,
                      fresh.number_units) as v(n, parameter, lower, upper, units)
          join target t on t.n = v.n
    ), gone as (
        delete from index_number v using target t
         where v.rid = t.rid and not exists (
               select from wanted x where x.rid = v.rid and x.parameter = v.parameter and x.lower = v.lower
                                      and x.upper = v.upper and x.units = v.units)
    )
    insert into index_number (parameter, lower, upper, units, rid)
    select x.parameter, x.lower, x.upper, x.units, x.rid from wanted x
     where not exists (select from index_number v where v.rid = x.rid and v.parameter = x.parameter
                                                    and v.lower = x.lower and v.upper = x.upper and v.units = x.units);

    -- Few resources have a position: most calls end at the question.
    if fresh.position_rows <> '{}' or exists (select from index_position p where p.rid = any (rids)) then
        with target as materialized (
            select t.rid, t.n::integer as n from unnest(rids) with ordinality as t(rid, n) where t.rid is not null
        ), wanted as materialized (
            select t.rid, v.parameter, v.latitude::numeric as latitude, v.longitude::numeric as longitude
              from unnest(fresh.position_rows, fresh.position_parameters, fresh.position_latitudes,
                          fresh.position_longitudes) as v(n, parameter, latitude, longitude)
              join target t on t.n = v.n
        ), gone as (
            delete from index_position p using target t
             where p.rid = t.rid and not exists (
                   select from wanted x where x.rid = p.rid and x.parameter = p.parameter
                                          and x.latitude = p.latitude and x.longitude = p.longitude)
        )
        insert into index_position (parameter, latitude, longitude, rid)
        select x.parameter, x.latitude, x.longitude, x.rid from wanted x
         where not exists (select from index_position p
                            where p.rid = x.rid and p.parameter = x.parameter and p.latitude = x.latitude
                              and p.longitude = x.longitude);
    end if;

    with target as materialized (
        select t.rid, t.n::integer as n from unnest(rids) with ordinality as t(rid, n) where t.rid is not null
    ), wanted as materialized (
        select t.rid, v.narrative::tsvector as narrative, v.content::tsvector as content
          from unnest(fresh.text_rows, fresh.text_narratives, fresh.text_contents) as v(n, narrative, content)
          join target t on t.n = v.n
    ), gone as (
        delete from index_text i using target t
         where i.rid = t.rid and not exists (select from wanted x where x.rid = i.rid)
    )
    insert into index_text as i (rid, narrative, content)
    select x.rid, x.narrative, x.content from wanted x
        on conflict (rid) do update set narrative = excluded.narrative, content = excluded.content
        where (i.narrative, i.content) is distinct from (excluded.narrative, excluded.content);
end
$$;

-- Updates and creates under a chosen id. All arrays have one length, the first two are in key order and without repeats.
-- The content is head || version || middle || instant || tail: the version is known only here.
-- verdict: created, updated, mismatch (if_match), exists (if_absent), raced (made by another meanwhile: ask again).
create function put_resources(
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
create function delete_resources(
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
create function reindex_resources(
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

    update resource r set tok = t.tok::bigint[]
      from unnest(current_rids, toks) as t(rid, tok)
     where r.rid = t.rid and r.tok <> t.tok::bigint[];

    perform replace_index_values(current_rids, fresh);
end
$$;

-- Notes what the definitions of a generation ask for, before anything is written by them: what is complete of other
-- definitions is no longer so, and a walk for others begins anew. False where the generation is not the current one.
-- The row of the generation stays locked until the end, so that no next one comes between.
create function declare_search_index(expected_generation bigint, types text[], targets text[], wanted text[])
returns boolean language plpgsql as $$
begin
    perform from search_generation where generation = expected_generation for share;
    if not found then
        return false;
    end if;
    update search_index i
       set complete = array(select one from unnest(i.complete) as one where one = any (t.wanted::text[])),
           target = case when i.target = t.target then i.target end,
           fault = case when i.target = t.target then i.fault end
      from unnest(types, targets, wanted) as t(resource_type, target, wanted)
     where i.resource_type = t.resource_type;
    return true;
end
$$;

-- Takes a database over for servers that bring these definitions: the next generation, for others wrote by theirs.
-- A database that never had a server holds nothing that would have to be indexed.
create function adopt_definitions(fingerprint text, types text[], wanted text[]) returns void language plpgsql as $$
declare
    former text;
begin
    select built_in into former from search_generation for update;
    if former = fingerprint then
        return;
    end if;
    update search_generation
       set generation = generation + 1, xid = pg_current_xact_id(), built_in = fingerprint;
    if former = '' and not exists (select from resource) then
        insert into search_index (resource_type, complete)
        select t.resource_type, t.wanted::text[] from unnest(types, wanted) as t(resource_type, wanted)
            on conflict (resource_type) do update set complete = excluded.complete;
    end if;
end
$$;

-- Begins the walk of a type, or goes on with it: the row it has reached and the number below which all must have ended.
create function begin_index_walk(expected_generation bigint, of_type text, for_target text)
returns table (reached bigint, walked bigint, horizon xid8) language plpgsql as $$
#variable_conflict use_column
begin
    perform from search_generation where generation = expected_generation for share;
    if not found then
        raise exception 'the definitions of search parameters have changed' using errcode = 'VS001';
    end if;
    insert into search_index as i (resource_type, target, horizon, expected)
    select of_type, for_target, pg_snapshot_xmax(pg_current_snapshot()),
           (select count(*) from resource where resource_type = of_type and not deleted)
        on conflict (resource_type) do update
       set target = excluded.target, horizon = excluded.horizon, expected = excluded.expected, reached = 0, walked = 0,
           fault = null
     where i.target is distinct from excluded.target;
    return query select i.reached, i.walked, i.horizon from search_index i where i.resource_type = of_type;
end
$$;

-- All resources of the type have these values now; false where the walk was for other definitions than the current ones.
create function finish_index_walk(expected_generation bigint, of_type text, for_target text, wanted text[])
returns boolean language plpgsql as $$
begin
    update search_generation set revision = revision + 1 where generation = expected_generation;
    if not found then
        return false;
    end if;
    update search_index set complete = wanted, target = null, fault = null
     where resource_type = of_type and target = for_target;
    return found;
end
$$;
