-- Codes and what they mean: the concepts of code systems, what includes them, and what maps them. Rows follow the
-- resource that carries them in its transaction, whoever writes it; those of packages are filled at the start.
-- See server/decisions/0017-terminology-in-tables.md.

-- What is known by canonical URL.
create table terminology (
    tid bigint generated always as identity primary key,
    kind text collate "C" not null check (kind in ('CodeSystem', 'ValueSet', 'ConceptMap')),
    url text collate "C" not null,
    version text collate "C" not null,
    -- The resource this follows; null for what a package brings.
    rid bigint unique,
    -- The code system that this one supplements, without version.
    supplements text collate "C",
    -- The value set of all codes of this code system.
    value_set text collate "C",
    -- The resource without its narrative, its concepts and its mappings.
    head jsonb not null,
    -- How many concepts it has.
    concepts integer not null default 0
);
create index terminology_url on terminology (kind, url);
create index terminology_supplements on terminology (supplements) where supplements is not null;
create index terminology_value_set on terminology (value_set) where value_set is not null;

-- Concepts, in the order of the resource.
create table concept (
    tid bigint not null,
    place integer not null,
    code text collate "C" not null,
    -- The concept as it was written, without those below it.
    detail jsonb not null,
    primary key (tid, place)
);
-- Found by the code in any case: whether the case matters, the code system says.
create index concept_code on concept (tid, lower(code));

-- The hierarchy, closed: each concept with all above it. is_parent marks the steps of one.
create table concept_ancestor (
    tid bigint not null,
    ancestor integer not null,
    descendant integer not null,
    is_parent boolean not null,
    primary key (tid, ancestor, descendant)
);
create index concept_ancestor_descendant on concept_ancestor (tid, descendant);

create table concept_property (
    tid bigint not null,
    place integer not null,
    property text collate "C" not null,
    value text collate "C" not null
);
-- Values may be long; a page must hold its key.
create index concept_property_value on concept_property (tid, property, left(value, 128));

-- From a code to a code.
create table concept_mapping (
    tid bigint not null,
    place integer not null,
    source_system text collate "C",
    source_code text collate "C" not null,
    target_system text collate "C",
    target_code text collate "C",
    -- The element without its targets, and the target.
    element jsonb not null,
    target jsonb not null,
    primary key (tid, place)
);
create index concept_mapping_source on concept_mapping (source_code, tid);
create index concept_mapping_target on concept_mapping (target_code, tid);

-- Tables that clients keep by $closure. A version is the number of concepts that were new when they were sent.
create table closure_table (
    name text collate "C" primary key,
    version integer not null default 0
);
create table closure_concept (
    name text collate "C" not null,
    system text collate "C" not null,
    code text collate "C" not null,
    added integer not null,
    primary key (name, system, code)
);
create table closure_entry (
    name text collate "C" not null,
    source_system text collate "C" not null,
    source_code text collate "C" not null,
    target_system text collate "C" not null,
    target_code text collate "C" not null,
    added integer not null,
    primary key (name, source_system, source_code, target_system, target_code)
);
create index closure_entry_added on closure_entry (name, added);

-- Counts the commits that changed any of it, so that whoever keeps something in memory knows whether it still holds.
create table terminology_state (
    only_one boolean primary key default true check (only_one),
    revision bigint not null default 0,
    -- What of packages has been filled in.
    packages text not null default ''
);
insert into terminology_state default values;

-- One concept with its place in the hierarchy, by code.
create view concept_row as
select c.tid, c.place, c.code, c.detail,
       array(select p.code from concept_ancestor a join concept p on p.tid = a.tid and p.place = a.ancestor
              where a.tid = c.tid and a.descendant = c.place and a.is_parent) as parents,
       array(select p.code from concept_ancestor a join concept p on p.tid = a.tid and p.place = a.ancestor
              where a.tid = c.tid and a.descendant = c.place) as ancestors,
       exists (select from concept_ancestor a where a.tid = c.tid and a.ancestor = c.place) as has_children
  from concept c;

create function elements(list jsonb) returns jsonb language sql immutable as
    $$ select case jsonb_typeof(list) when 'array' then list else '[]'::jsonb end $$;

-- Takes the concepts of a code system apart.
create function add_concepts(to_tid bigint, resource jsonb) returns void language plpgsql as $$
#variable_conflict use_column
begin
    with recursive tree as (
        select c.value - 'concept' as detail, c.value -> 'concept' as below, array[c.n] as path
          from jsonb_array_elements(elements(resource -> 'concept')) with ordinality as c(value, n)
         union all
        select c.value - 'concept', c.value -> 'concept', t.path || c.n
          from tree t, jsonb_array_elements(elements(t.below)) with ordinality as c(value, n)
    ), numbered as materialized (
        select row_number() over (order by path) as place, path, detail from tree where detail ->> 'code' is not null
    ), inserted as (
        insert into concept (tid, place, code, detail) select to_tid, place, detail ->> 'code', detail from numbered
    )
    insert into concept_ancestor (tid, ancestor, descendant, is_parent)
    select to_tid, p.place, n.place, true
      from numbered n join numbered p on p.path = n.path[:array_length(n.path, 1) - 1]
     where array_length(n.path, 1) > 1;

    insert into concept_property (tid, place, property, value)
    select to_tid, c.place, p.value ->> 'code', v.text
      from concept c
     cross join lateral jsonb_array_elements(elements(c.detail -> 'property')) as p(value)
     cross join lateral (
           select coalesce(p.value ->> 'valueCode', p.value ->> 'valueString', p.value ->> 'valueBoolean',
                           p.value ->> 'valueInteger', p.value ->> 'valueDecimal', p.value ->> 'valueDateTime',
                           p.value -> 'valueCoding' ->> 'code') as text
           ) v
     where c.tid = to_tid and p.value ->> 'code' is not null and v.text is not null;

    -- Steps that properties tell: what the code system's own properties of these meanings are called, or these names.
    insert into concept_ancestor (tid, ancestor, descendant, is_parent)
    with meaning as (
        select d.value ->> 'code' as property,
               case d.value ->> 'uri' when 'http://hl7.org/fhir/concept-properties#child' then true else false end as is_child
          from jsonb_array_elements(elements(resource -> 'property')) as d(value)
         where d.value ->> 'uri' in ('http://hl7.org/fhir/concept-properties#child',
                                     'http://hl7.org/fhir/concept-properties#parent')
         union
        select * from (values ('parent', false), ('subsumedBy', false), ('child', true)) as v(property, is_child)
    )
    select distinct to_tid, case when m.is_child then p.place else o.place end,
                    case when m.is_child then o.place else p.place end, true
      from concept_property p
      join meaning m on m.property = p.property
      join concept o on o.tid = to_tid and lower(o.code) = lower(p.value) and o.code = p.value
     where p.tid = to_tid and o.place <> p.place
        on conflict do nothing;

    -- A circle ends by itself: what is known already is not looked at again.
    insert into concept_ancestor (tid, ancestor, descendant, is_parent)
    with recursive step as materialized (
        select ancestor, descendant from concept_ancestor where tid = to_tid
    ), up as (
        select ancestor, descendant from step
         union
        select s.ancestor, u.descendant from up u join step s on s.descendant = u.ancestor
    )
    select to_tid, ancestor, descendant, false from up where ancestor <> descendant
        on conflict do nothing;
end
$$;

create function add_mappings(to_tid bigint, resource jsonb) returns void language sql as $$
    insert into concept_mapping (tid, place, source_system, source_code, target_system, target_code, element, target)
    select to_tid, row_number() over (order by g.n, e.n, t.n), g.value ->> 'source', e.value ->> 'code',
           g.value ->> 'target', t.value ->> 'code', e.value - 'target', t.value
      from jsonb_array_elements(elements(resource -> 'group')) with ordinality as g(value, n)
     cross join lateral jsonb_array_elements(elements(g.value -> 'element')) with ordinality as e(value, n)
     cross join lateral jsonb_array_elements(elements(e.value -> 'target')) with ordinality as t(value, n)
     where e.value ->> 'code' is not null
$$;

-- Takes a resource into the tables. One without URL is known by nothing and stays outside.
create function add_terminology(of_rid bigint, resource jsonb) returns void language plpgsql as $$
declare
    made bigint;
    of_kind text := resource ->> 'resourceType';
begin
    if resource ->> 'url' is null then
        return;
    end if;
    insert into terminology (kind, url, version, rid, supplements, value_set, head)
    values (of_kind, resource ->> 'url', coalesce(resource ->> 'version', ''), of_rid,
            case of_kind when 'CodeSystem' then split_part(resource ->> 'supplements', '|', 1) end,
            case of_kind when 'CodeSystem' then split_part(resource ->> 'valueSet', '|', 1) end,
            case of_kind when 'CodeSystem' then resource - 'text' - 'concept'
                         when 'ConceptMap' then jsonb_set(resource - 'text', '{group}',
                              coalesce((select jsonb_agg(g.value - 'element' order by g.n)
                                          from jsonb_array_elements(elements(resource -> 'group')) with ordinality as g(value, n)),
                                       '[]'::jsonb))
                         else resource - 'text' end)
    returning tid into made;
    if of_kind = 'CodeSystem' then
        perform add_concepts(made, resource);
        update terminology set concepts = (select count(*) from concept c where c.tid = made) where tid = made;
    elsif of_kind = 'ConceptMap' then
        perform add_mappings(made, resource);
    end if;
end
$$;

create function remove_terminology(tids bigint[]) returns void language plpgsql as $$
begin
    delete from concept where tid = any (tids);
    delete from concept_ancestor where tid = any (tids);
    delete from concept_property where tid = any (tids);
    delete from concept_mapping where tid = any (tids);
    delete from terminology where tid = any (tids);
end
$$;

create function follow_resource() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        perform remove_terminology(array(select tid from terminology where rid = new.rid));
    end if;
    if not new.deleted then
        perform add_terminology(new.rid, new.json);
    end if;
    return null;
end
$$;
create trigger terminology_follows after insert or update of json on resource for each row
    when (new.resource_type in ('CodeSystem', 'ValueSet', 'ConceptMap'))
    execute function follow_resource();

-- Counts at the commit, once for each, so that nobody waits for the row longer than a commit takes.
create function count_terminology_change() returns trigger language plpgsql as $$
begin
    if current_setting('vesta.terminology_counted', true) is distinct from pg_current_xact_id()::text then
        perform set_config('vesta.terminology_counted', pg_current_xact_id()::text, true);
        update terminology_state set revision = revision + 1;
    end if;
    return null;
end
$$;
create constraint trigger terminology_counts after insert or delete on terminology
    deferrable initially deferred for each row execute function count_terminology_change();

-- Begins to put what packages bring in the place of what other packages have brought; false where it is there already.
-- Servers wait for each other, but no write of a resource waits for them: the row of the state is taken at the end.
create function begin_package_terminology(fingerprint text) returns boolean language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('package terminology', 0));
    if (select packages from terminology_state) = fingerprint then
        return false;
    end if;
    perform remove_terminology(array(select tid from terminology where rid is null));
    return true;
end
$$;

-- What was stored before.
do $$
begin
    perform add_terminology(rid, json) from resource
      where resource_type in ('CodeSystem', 'ValueSet', 'ConceptMap') and not deleted;
end
$$;

-- Adds codes to a table of $closure and notes what includes what; the version, or null where there is no such table.
-- tids are the code systems of_systems in the versions that count.
create function add_closure(of_name text, systems text[], codes text[], of_systems text[], tids bigint[])
returns integer language plpgsql as $$
#variable_conflict use_column
declare
    made integer;
begin
    update closure_table set version = version + 1 where name = of_name returning version into made;
    if not found then
        return null;
    end if;
    insert into closure_concept (name, system, code, added)
    select distinct of_name, t.system, t.code, made from unnest(systems, codes) as t(system, code)
        on conflict do nothing;
    insert into closure_entry (name, source_system, source_code, target_system, target_code, added)
    select of_name, below.system, below.code, above.system, above.code, made
      from closure_concept below
      join closure_concept above on above.name = of_name and above.system = below.system
      join unnest(of_systems, tids) as t(system, tid) on t.system = below.system
      join concept b on b.tid = t.tid and lower(b.code) = lower(below.code) and b.code = below.code
      join concept a on a.tid = t.tid and lower(a.code) = lower(above.code) and a.code = above.code
      join concept_ancestor s on s.tid = t.tid and s.descendant = b.place and s.ancestor = a.place
     where below.name = of_name and (below.added = made or above.added = made)
        on conflict do nothing;
    return made;
end
$$;

-- Begins a table of $closure, in the place of one of that name.
create function begin_closure(of_name text) returns void language sql as $$
    delete from closure_entry where name = of_name;
    delete from closure_concept where name = of_name;
    insert into closure_table (name) values (of_name) on conflict (name) do update set version = 0;
$$;
