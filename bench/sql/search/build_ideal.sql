-- Tables that know nothing but the questions of the search bench, each with the index that answers it best.
drop schema if exists ideal cascade;
create schema ideal;

-- Lower case without accents.
create function ideal.fold(word text) returns text immutable language sql as $$
    select lower(regexp_replace(normalize(translate(replace(word, 'ß', 'ss'), 'ı', 'i'), nfd), '[\u0300-\u036f]', '', 'g'))
$$;

-- Three letters at a time.
create function ideal.grams(word text) returns text[] immutable language sql as $$
    select array_agg(distinct substr(word, place, 3)) from generate_series(1, greatest(length(word) - 2, 1)) place
$$;

create table ideal.observation as
select r.rid,
       (r.json #>> '{code,coding,0,code}') collate "C" as code,
       (r.json #>> '{category,0,coding,0,code}') collate "C" as category,
       (r.json ->> 'status') collate "C" as status,
       substr(r.json #>> '{subject,reference}', 9)::uuid as patient,
       substr(r.json #>> '{encounter,reference}', 11)::uuid as encounter,
       (r.json ->> 'effectiveDateTime')::timestamptz as effective,
       (r.json #>> '{valueQuantity,code}') collate "C" as unit,
       (r.json #>> '{valueQuantity,value}')::numeric as value
  from resource r where r.resource_type = 'Observation' and not r.deleted
 order by r.rid;
create index on ideal.observation (code, rid);
create index on ideal.observation (category, rid);
create index on ideal.observation (category, code, rid);
create index on ideal.observation (patient, rid);
create index on ideal.observation (patient, code, effective desc, rid desc);
create index on ideal.observation (encounter, rid);
create index on ideal.observation (effective desc, rid desc);
create index on ideal.observation (code, value, rid);
create index on ideal.observation (unit, value, rid);
create index on ideal.observation (rid) where encounter is null;
create index on ideal.observation (rid) where status <> 'final';

create table ideal.component as
select r.rid,
       (c #>> '{code,coding,0,code}') collate "C" as code,
       (c #>> '{valueQuantity,value}')::numeric as value
  from resource r, jsonb_array_elements(r.json -> 'component') c
 where r.resource_type = 'Observation' and not r.deleted;
create index on ideal.component (code, value, rid);

create table ideal.patient as
select r.rid, r.id::uuid as id,
       (r.json #>> '{identifier,0,value}') collate "C" as record,
       ideal.fold(r.json #>> '{name,0,family}') collate "C" as family,
       (r.json ->> 'gender') collate "C" as gender,
       (r.json ->> 'birthDate')::date as birth
  from resource r where r.resource_type = 'Patient' and not r.deleted
 order by r.rid;
create unique index on ideal.patient (id) include (rid);
create index on ideal.patient (record, id, rid);
create index on ideal.patient (family, rid) include (id);
create index on ideal.patient (gender, family, birth desc, rid desc);

create table ideal.patient_name as
select p.rid, w.word, ideal.grams(w.word) as grams
  from ideal.patient p join resource r using (rid),
       lateral (select ideal.fold(r.json #>> '{name,0,family}') collate "C"
                union select ideal.fold(r.json #>> '{name,0,given,0}') collate "C") as w(word);
create index on ideal.patient_name (word, rid);
create index on ideal.patient_name using gin (grams) with (fastupdate = off);

create table ideal.encounter as
select r.rid, r.id::uuid as id, substr(r.json #>> '{subject,reference}', 9)::uuid as patient
  from resource r where r.resource_type = 'Encounter' and not r.deleted
 order by r.rid;
create unique index on ideal.encounter (id) include (rid);
create index on ideal.encounter (patient, rid) include (id);

create table ideal.condition as
select r.rid, (r.json #>> '{code,coding,0,code}') collate "C" as code,
       substr(r.json #>> '{subject,reference}', 9)::uuid as patient
  from resource r where r.resource_type = 'Condition' and not r.deleted
 order by r.rid;
create index on ideal.condition (code, patient);
create index on ideal.condition (patient, rid);

create table ideal.appointment as
select r.rid, (r.json ->> 'start')::timestamptz as start,
       substr(r.json #>> '{participant,1,actor,reference}', 14)::uuid as practitioner
  from resource r where r.resource_type = 'Appointment' and not r.deleted
 order by r.rid;
create index on ideal.appointment (practitioner, start, rid);
