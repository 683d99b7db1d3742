-- Code systems that are imported from the files of their publishers: their CodeSystem says `not-present`, its concepts
-- stand in the tables of terminology under a key of their own. See server/decisions/0019-imported-code-systems.md.

create table code_import (
    -- What the concepts stand under; nobody sees them until a CodeSystem takes it.
    tid bigint primary key,
    -- The id, URL and version of the CodeSystem they are for.
    id text collate "C" not null,
    url text collate "C" not null,
    version text collate "C" not null,
    -- What they are of their code system.
    content text collate "C" not null check (content in ('complete', 'fragment')),
    -- loading: not whole; ready: whole, and the CodeSystem not yet written; used: the CodeSystem has them; gone: nobody's.
    state text collate "C" not null default 'loading' check (state in ('loading', 'ready', 'used', 'gone')),
    concepts integer not null default 0
);
create index code_import_id on code_import (id);

-- The words of the codes and texts of imported concepts, in lower case: what has no space in it and stands somewhere in a
-- text stands in one of its words.
create table concept_word (
    tid bigint not null,
    word text collate "C" not null,
    places integer[] not null
);
create index concept_word_tid on concept_word (tid);

-- Places of concepts that have all these words, in their order.
create function concepts_with_words(of_tid bigint, words text[]) returns setof integer language plpgsql stable as $$
begin
    if exists (select from code_import i where i.tid = of_tid) then
        return query
        select p.place
          from unnest(words) with ordinality as w(word, n)
          join concept_word v on v.tid = of_tid and strpos(v.word, w.word) > 0
         cross join lateral unnest(v.places) as p(place)
         group by p.place
        having count(distinct w.n) = cardinality(words)
         order by p.place;
    else
        return query
        select c.place from concept c
         where c.tid = of_tid
           and not exists (select from unnest(words) as w(word)
                            where strpos(lower(c.code || ' ' || coalesce(c.detail ->> 'display', '') || ' '
                                               || coalesce(c.detail ->> 'designation', '')), w.word) = 0)
         order by c.place;
    end if;
end
$$;

-- Begins an import: what comes is put down in a table that only this connection has, and ends with it.
create function begin_code_import(of_id text, of_url text, of_version text, of_content text)
returns bigint language plpgsql as $$
declare
    made bigint;
begin
    -- kind: c a concept, w one that others may have said, d a designation, p a property, u the code above.
    create temporary table import_piece (
        n bigint generated always as identity, kind "char" not null, code text collate "C" not null,
        -- Of designations: which becomes the display, the least first.
        rank smallint,
        value jsonb,
        -- Of u the other code, else the words.
        words text collate "C"
    );
    insert into code_import (tid, id, url, version, content)
    values (nextval(pg_get_serial_sequence('terminology', 'tid')), of_id, of_url, of_version, of_content)
    returning tid into made;
    return made;
end
$$;

-- Orders what came by concepts. twice: a code that stands twice; lost: steps to codes that are none.
create function arrange_code_import(out twice text, out concepts bigint, out lost bigint) language plpgsql as $$
begin
    analyze import_piece;
    select p.code into twice from import_piece p where p.kind = 'c'
     group by p.code having count(*) > 1 order by min(p.n) limit 1;
    if twice is not null then
        return;
    end if;
    create temporary table import_concept as
    select row_number() over (order by n)::integer as place, code, value, words
      from (select distinct on (code) * from import_piece where kind in ('c', 'w') order by code, kind, n) as said;
    create unique index on import_concept (code);
    create unique index on import_concept (place);
    analyze import_concept;
    create temporary table import_step as
    select distinct c.place as child, p.place as parent
      from import_piece s
      join import_concept c on c.code = s.code
      join import_concept p on p.code = s.words
     where s.kind = 'u' and c.place <> p.place;
    create index on import_step (child);
    analyze import_step;
    create temporary table import_part as
    select c.place, s.kind, s.n, s.rank, s.value, s.words
      from import_piece s join import_concept c on c.code = s.code
     where s.kind in ('d', 'p');
    create index on import_part (place);
    analyze import_part;
    create temporary table import_word (place integer not null, word text collate "C" not null);
    select count(*) into concepts from import_concept;
    select count(*) into lost from import_piece s
     where s.kind = 'u' and not exists (select from import_concept c where c.code = s.words);
    drop table import_piece;
end
$$;

-- Builds the concepts of these places, with all that is found by them.
create function build_code_import(of_tid bigint, first_place integer, last_place integer)
returns void language plpgsql as $$
begin
    with built as (
        select c.place, c.code,
               c.value
               || case when p.display is null or c.value ? 'display' then '{}' else jsonb_build_object('display', p.display) end
               || case when p.designations is null then '{}'
                       else jsonb_build_object('designation', elements(c.value -> 'designation') || p.designations) end
               || case when p.properties is null then '{}'
                       else jsonb_build_object('property', elements(c.value -> 'property') || p.properties) end as detail
          from import_concept c
         cross join lateral (
               select jsonb_agg(part.value order by part.n) filter (where part.kind = 'd') as designations,
                      jsonb_agg(part.value order by part.n) filter (where part.kind = 'p') as properties,
                      (array_agg(part.value -> 'value' order by part.rank, part.n)
                          filter (where part.rank is not null))[1] as display
                 from import_part part where part.place = c.place
               ) p
         where c.place between first_place and last_place
    ), inserted as (
        insert into concept (tid, place, code, detail) select of_tid, b.place, b.code, b.detail from built b
    )
    insert into concept_property (tid, place, property, value)
    select of_tid, b.place, p.value ->> 'code', v.text
      from built b
     cross join lateral jsonb_array_elements(elements(b.detail -> 'property')) as p(value)
     cross join lateral (
           select coalesce(p.value ->> 'valueCode', p.value ->> 'valueString', p.value ->> 'valueBoolean',
                           p.value ->> 'valueInteger', p.value ->> 'valueDecimal', p.value ->> 'valueDateTime',
                           p.value -> 'valueCoding' ->> 'code') as text
           ) v
     where v.text is not null;

    -- A circle ends by itself.
    insert into concept_ancestor (tid, ancestor, descendant, is_parent)
    with recursive up as (
        select s.child as descendant, s.parent as ancestor from import_step s
         where s.child between first_place and last_place
         union
        select up.descendant, s.parent from up join import_step s on s.child = up.ancestor
    )
    select of_tid, up.ancestor, up.descendant,
           exists (select from import_step s where s.child = up.descendant and s.parent = up.ancestor)
      from up where up.ancestor <> up.descendant;

    insert into import_word (place, word)
    select distinct c.place, w.word
      from import_concept c
     cross join lateral (
           select lower(c.code) as text
            union all
           select c.words
            union all
           select part.words from import_part part where part.place = c.place
           ) t
     cross join lateral string_to_table(t.text, ' ') as w(word)
     where c.place between first_place and last_place and w.word <> '';
end
$$;

-- The concepts are whole; the CodeSystem that is written next takes them.
create function finish_code_import(of_tid bigint) returns void language plpgsql as $$
begin
    insert into concept_word (tid, word, places)
    select of_tid, w.word, array_agg(w.place order by w.place) from import_word w group by w.word;
    update code_import i set state = 'ready', concepts = (select count(*) from import_concept) where i.tid = of_tid;
    drop table import_concept, import_step, import_part, import_word;
    analyze concept;
    analyze concept_ancestor;
    analyze concept_property;
    analyze concept_word;
end
$$;

-- Takes away some of what nobody has: concepts up to a place; the rest of it, and the import itself, without one.
create function clear_code_import(of_tid bigint, last_place integer) returns void language plpgsql as $$
begin
    delete from concept_ancestor a where a.tid = of_tid and a.descendant <= coalesce(last_place, a.descendant);
    delete from concept c where c.tid = of_tid and c.place <= coalesce(last_place, c.place);
    if last_place is null then
        delete from concept_property p where p.tid = of_tid;
        delete from concept_word w where w.tid = of_tid;
        delete from code_import i where i.tid = of_tid;
    end if;
end
$$;

-- The import whose concepts a CodeSystem has: the latest of its id, URL and version; it takes the place of others.
create function adopt_code_import(resource jsonb) returns code_import language plpgsql as $$
declare
    adopted code_import;
begin
    if resource ->> 'content' = 'not-present' then
        select * into adopted from code_import i
         where i.id = resource ->> 'id' and i.url = resource ->> 'url'
           and i.version = coalesce(resource ->> 'version', '') and i.state in ('ready', 'used')
         order by i.tid desc limit 1;
        update code_import i set state = 'used' where i.tid = adopted.tid and i.state = 'ready';
    end if;
    update code_import i set state = 'gone'
     where i.id = resource ->> 'id' and i.tid is distinct from adopted.tid
       and (i.state = 'used' or i.state = 'ready' and i.tid < adopted.tid);
    return adopted;
end
$$;

-- As before, and a CodeSystem has the concepts that were imported for it.
create or replace function add_terminology(of_rid bigint, resource jsonb) returns void language plpgsql as $$
declare
    made bigint;
    of_kind text := resource ->> 'resourceType';
    adopted code_import;
    known jsonb := resource;
begin
    if of_rid is not null and of_kind = 'CodeSystem' then
        adopted := adopt_code_import(resource);
    end if;
    if resource ->> 'url' is null then
        return;
    end if;
    if adopted.tid is not null then
        known := resource || jsonb_build_object('content', adopted.content);
    end if;
    insert into terminology (tid, kind, url, version, rid, supplements, value_set, head, concepts)
    overriding system value
    values (coalesce(adopted.tid, nextval(pg_get_serial_sequence('terminology', 'tid'))),
            of_kind, resource ->> 'url', coalesce(resource ->> 'version', ''), of_rid,
            case of_kind when 'CodeSystem' then split_part(resource ->> 'supplements', '|', 1) end,
            case of_kind when 'CodeSystem' then split_part(resource ->> 'valueSet', '|', 1) end,
            case of_kind when 'CodeSystem' then known - 'text' - 'concept'
                         when 'ConceptMap' then jsonb_set(resource - 'text', '{group}',
                              coalesce((select jsonb_agg(g.value - 'element' order by g.n)
                                          from jsonb_array_elements(elements(resource -> 'group')) with ordinality as g(value, n)),
                                       '[]'::jsonb))
                         else resource - 'text' end,
            coalesce(adopted.concepts, 0))
    returning tid into made;
    if of_kind = 'CodeSystem' and adopted.tid is null then
        perform add_concepts(made, resource);
        update terminology set concepts = (select count(*) from concept c where c.tid = made) where tid = made;
    elsif of_kind = 'ConceptMap' then
        perform add_mappings(made, resource);
    end if;
end
$$;

-- As before; concepts that were imported stay, whether or not the next version of the resource has them.
create or replace function remove_terminology(tids bigint[]) returns void language plpgsql as $$
declare
    own bigint[] := array(select t.tid from unnest(tids) as t(tid)
                           where not exists (select from code_import i where i.tid = t.tid));
begin
    delete from concept where tid = any (own);
    delete from concept_ancestor where tid = any (own);
    delete from concept_property where tid = any (own);
    delete from concept_mapping where tid = any (own);
    delete from terminology where tid = any (tids);
end
$$;

-- As before; with a CodeSystem goes what was imported for it.
create or replace function follow_resource() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        perform remove_terminology(array(select tid from terminology where rid = new.rid));
    end if;
    if not new.deleted then
        perform add_terminology(new.rid, new.json);
    elsif new.resource_type = 'CodeSystem' then
        update code_import set state = 'gone' where id = new.id and state = 'used';
    end if;
    return null;
end
$$;
