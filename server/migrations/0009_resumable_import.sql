-- What an import of a code system has read and built stays when it is broken off, and the next one of the same files goes
-- on behind it. See server/decisions/0019-imported-code-systems.md.
--
-- These tables are not logged: a crash of the database empties them, all together, and the import begins anew.

-- How far an import is.
create unlogged table import_progress (
    tid bigint primary key,
    -- reading: pieces are put down; building: they are all there, and in order; built: so are the concepts.
    stage text collate "C" not null default 'reading' check (stage in ('reading', 'building', 'built')),
    -- Pieces that are put down, and the SHA-256 of their rows one behind another.
    pieces bigint not null default 0,
    digest bytea not null default '',
    -- Of building: concepts there will be, up to which place there are, and steps that lead nowhere.
    concepts integer not null default 0,
    built integer not null default 0,
    lost bigint not null default 0,
    touched timestamptz not null default now()
);

-- kind: c a concept, w one that others may have said, d a designation, p a property, u the code above.
create unlogged table import_piece (
    tid bigint not null, n bigint generated always as identity, kind "char" not null, code text collate "C" not null,
    -- Of designations: which becomes the display, the least first.
    rank smallint,
    value jsonb,
    -- Of u the other code, else the words.
    words text collate "C"
);

-- The same by concepts, in their order.
create unlogged table import_concept (
    tid bigint not null, place integer not null, code text collate "C" not null, value jsonb, words text collate "C",
    primary key (tid, place)
);
create index import_concept_code on import_concept (tid, code);
create unlogged table import_step (tid bigint not null, child integer not null, parent integer not null);
create index import_step_child on import_step (tid, child);
create unlogged table import_part (
    tid bigint not null, place integer not null, kind "char" not null, n bigint not null, rank smallint, value jsonb,
    words text collate "C"
);
create index import_part_place on import_part (tid, place);
create unlogged table import_word (tid bigint not null, place integer not null, word text collate "C" not null);

-- The import to go on with, or a new one.
drop function begin_code_import(text, text, text, text);
create function begin_code_import(of_id text, of_url text, of_version text, of_content text)
returns import_progress language plpgsql as $$
declare
    found import_progress;
begin
    select p.* into found
      from code_import i join import_progress p using (tid)
     where i.id = of_id and i.url = of_url and i.version = of_version and i.content = of_content
       and i.state in ('loading', 'ready')
     order by i.tid desc limit 1;
    if found.tid is null then
        with made as (
            insert into code_import (tid, id, url, version, content)
            values (nextval(pg_get_serial_sequence('terminology', 'tid')), of_id, of_url, of_version, of_content)
            returning tid
        )
        insert into import_progress (tid) select tid from made returning * into found;
    end if;
    return found;
end
$$;

-- Orders what came by concepts. twice: a code that stands twice; lost: steps to codes that are none.
drop function arrange_code_import();
create function arrange_code_import(of_tid bigint, out twice text, out concepts integer, out lost bigint)
language plpgsql as $$
begin
    analyze import_piece;
    select p.code into twice from import_piece p where p.tid = of_tid and p.kind = 'c'
     group by p.code having count(*) > 1 order by min(p.n) limit 1;
    if twice is not null then
        return;
    end if;
    insert into import_concept (tid, place, code, value, words)
    select of_tid, row_number() over (order by said.n), said.code, said.value, said.words
      from (select distinct on (p.code) p.* from import_piece p
             where p.tid = of_tid and p.kind in ('c', 'w') order by p.code, p.kind, p.n) as said;
    get diagnostics concepts = row_count;
    analyze import_concept;
    insert into import_step (tid, child, parent)
    select distinct of_tid, c.place, p.place
      from import_piece s
      join import_concept c on c.tid = of_tid and c.code = s.code
      join import_concept p on p.tid = of_tid and p.code = s.words
     where s.tid = of_tid and s.kind = 'u' and c.place <> p.place;
    analyze import_step;
    insert into import_part (tid, place, kind, n, rank, value, words)
    select of_tid, c.place, s.kind, s.n, s.rank, s.value, s.words
      from import_piece s join import_concept c on c.tid = of_tid and c.code = s.code
     where s.tid = of_tid and s.kind in ('d', 'p');
    analyze import_part;
    select count(*) into lost from import_piece s
     where s.tid = of_tid and s.kind = 'u'
       and not exists (select from import_concept c where c.tid = of_tid and c.code = s.words);
    delete from import_piece where tid = of_tid;
    update import_progress p
       set stage = 'building', concepts = arrange_code_import.concepts, lost = arrange_code_import.lost, touched = now()
     where p.tid = of_tid;
end
$$;

-- Builds the concepts of these places, with all that is found by them.
create or replace function build_code_import(of_tid bigint, first_place integer, last_place integer)
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
                 from import_part part where part.tid = of_tid and part.place = c.place
               ) p
         where c.tid = of_tid and c.place between first_place and last_place
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
         where s.tid = of_tid and s.child between first_place and last_place
         union
        select up.descendant, s.parent from up join import_step s on s.tid = of_tid and s.child = up.ancestor
    )
    select of_tid, up.ancestor, up.descendant,
           exists (select from import_step s
                    where s.tid = of_tid and s.child = up.descendant and s.parent = up.ancestor)
      from up where up.ancestor <> up.descendant;

    insert into import_word (tid, place, word)
    select distinct of_tid, c.place, w.word
      from import_concept c
     cross join lateral (
           select c.words as text
            union all
           select part.words from import_part part where part.tid = of_tid and part.place = c.place
           ) t
     cross join lateral string_to_table(t.text, ' ') as w(word)
     where c.tid = of_tid and c.place between first_place and last_place and w.word <> '';
    update import_progress set built = last_place, touched = now() where tid = of_tid;
end
$$;

-- What stands in the tables above of an import, but how far it is.
create function drop_import_pieces(of_tid bigint) returns void language sql as $$
    delete from import_piece where tid = of_tid;
    delete from import_concept where tid = of_tid;
    delete from import_step where tid = of_tid;
    delete from import_part where tid = of_tid;
    delete from import_word where tid = of_tid;
$$;

-- The concepts are whole; the CodeSystem that is written next takes them.
create or replace function finish_code_import(of_tid bigint) returns void language plpgsql as $$
begin
    insert into concept_word (tid, word, places)
    select of_tid, w.word, array_agg(w.place order by w.place) from import_word w where w.tid = of_tid group by w.word;
    update code_import i set state = 'ready', concepts = p.concepts
      from import_progress p where i.tid = of_tid and p.tid = of_tid;
    update import_progress set stage = 'built', touched = now() where tid = of_tid;
    perform drop_import_pieces(of_tid);
    analyze concept;
    analyze concept_ancestor;
    analyze concept_property;
    analyze concept_word;
end
$$;

-- Takes away some of what nobody has: concepts up to a place; the rest of it, and the import itself, without one.
create or replace function clear_code_import(of_tid bigint, last_place integer) returns void language plpgsql as $$
begin
    delete from concept_ancestor a where a.tid = of_tid and a.descendant <= coalesce(last_place, a.descendant);
    delete from concept c where c.tid = of_tid and c.place <= coalesce(last_place, c.place);
    if last_place is null then
        delete from concept_property p where p.tid = of_tid;
        delete from concept_word w where w.tid = of_tid;
        perform drop_import_pieces(of_tid);
        delete from import_progress p where p.tid = of_tid;
        delete from code_import i where i.tid = of_tid;
    end if;
end
$$;

-- As before; and of concepts that were not imported none is passed over that has these words. They are letters of Unicode
-- in lower case, while lower() here knows those of ASCII alone, and the texts stand as JSON: whatever may look otherwise
-- there is not looked at. Whoever asks looks again.
create or replace function concepts_with_words(of_tid bigint, words text[]) returns setof integer
language plpgsql stable as $$
declare
    patterns text[] := array(select '%' || regexp_replace(w.word collate "C", '[^a-z0-9.,:;/()+-]+', '%', 'g') || '%'
                               from unnest(words) as w(word));
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
        -- The sign of Kelvin and a dotted I have letters of ASCII as their lower case.
        return query
        select c.place from concept c
         where c.tid = of_tid
           and lower(translate(c.code || ' ' || coalesce(c.detail ->> 'display', '') || ' '
                               || coalesce(c.detail ->> 'designation', ''), U&'\212A\0130', 'ki') collate "C")
               like all (patterns)
         order by c.place;
    end if;
end
$$;
