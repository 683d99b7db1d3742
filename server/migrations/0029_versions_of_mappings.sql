-- The versions of the code systems that a concept map is between, as its groups say them, so that the version of a code is
-- held against them.
alter table concept_mapping
    add column source_version text collate "C",
    add column target_version text collate "C";

create or replace function add_mappings(to_tid bigint, resource jsonb) returns void language sql as $$
    insert into concept_mapping (tid, place, source_system, source_version, source_code, target_system, target_version,
                                 target_code, element, target)
    select to_tid, row_number() over (order by g.n, e.n, t.n), g.value ->> 'source', g.value ->> 'sourceVersion',
           e.value ->> 'code', g.value ->> 'target', g.value ->> 'targetVersion', t.value ->> 'code', e.value - 'target',
           t.value
      from jsonb_array_elements(elements(resource -> 'group')) with ordinality as g(value, n)
     cross join lateral jsonb_array_elements(elements(g.value -> 'element')) with ordinality as e(value, n)
     cross join lateral jsonb_array_elements(elements(e.value -> 'target')) with ordinality as t(value, n)
     where e.value ->> 'code' is not null
$$;

-- What was stored before is taken apart again where it says versions; what packages bring is filled in again.
do $$
declare
    known record;
begin
    for known in
        select t.tid, r.json
          from terminology t join resource r on r.rid = t.rid
         where t.kind = 'ConceptMap'
           and jsonb_path_exists(t.head, '$.group[*] ? (exists (@.sourceVersion) || exists (@.targetVersion))')
    loop
        delete from concept_mapping where tid = known.tid;
        perform add_mappings(known.tid, known.json);
    end loop;
end
$$;
update terminology_state set packages = '', revision = revision + 1;
