-- What opens and closes records beside roles and compartments.
-- See server/decisions/0023-access-in-rows.md.

-- Counts the commits that have changed what a holder depends on: roles, care teams, organisations, consents, labels of
-- patients, records that were opened. A server may go on by what it knows of a holder until then.
create table admission_state (
    only_row boolean primary key default true check (only_row),
    revision bigint not null
);
insert into admission_state (revision) values (0);

-- Counts at the commit, once for each, so that nobody waits for the row longer than a commit takes.
create function count_admission_change() returns trigger language plpgsql as $$
begin
    if current_setting('vesta.admission_counted', true) is distinct from pg_current_xact_id()::text then
        perform set_config('vesta.admission_counted', pg_current_xact_id()::text, true);
        update admission_state set revision = revision + 1;
    end if;
    return null;
end
$$;
create constraint trigger admission_counts after insert or update of json on resource
    deferrable initially deferred for each row
    when (new.resource_type in ('CareTeam', 'Consent', 'Organization', 'PractitionerRole', 'RelatedPerson')
          or new.resource_type = 'Patient' and new.json #> '{meta,security}' is not null)
    execute function count_admission_change();
create constraint trigger admission_counts_unlabelled after update of json on resource
    deferrable initially deferred for each row
    when (old.resource_type = 'Patient' and old.json #> '{meta,security}' is not null)
    execute function count_admission_change();

-- Who has opened whose record in an emergency, why, and until when. What is opened stays written down when it has ended.
create table break_glass (
    id uuid primary key,
    -- The grant of the token it was opened with.
    grant_id uuid not null,
    -- Practitioner/… or PractitionerRole/…, as the token says.
    holder text collate "C" not null,
    -- Patient/…
    patient text collate "C" not null,
    reason_system text not null,
    reason_code text not null,
    justification text not null,
    -- The server's own instants, so that a rule and its test have one clock.
    opened_at timestamptz not null,
    ends_at timestamptz not null,
    -- Task/…: for whoever reviews it.
    review text collate "C" not null
);
create index break_glass_holder on break_glass (holder, ends_at);
create constraint trigger break_glass_counts after insert on break_glass
    deferrable initially deferred for each row execute function count_admission_change();

create trigger break_glass_is_immutable before update or delete or truncate on break_glass
    for each statement execute function refuse_change();

-- What privacy consents say of reading, one row for each provision, kept by the transaction that writes the Consent. A
-- request reads the rows that are about whoever asks; they become a condition on the rows of resources.
-- See server/decisions/0027-consents-in-rows.md.

create table consent_provision (
    -- The Consent, by the number of its row and by its id.
    rid bigint not null,
    consent text collate "C" not null,
    -- Where in it: {} is the provision of the Consent, {2} the second within that, {2,1} the first within that one.
    place integer[] not null,
    -- As the Consent says it: Patient/1, or an absolute URL.
    patient text collate "C" not null,
    -- permit or deny; null where it only bounds what is within it.
    effect text check (effect in ('permit', 'deny')),
    -- Whether all it says is said here. What is not narrows no denial, and such a provision permits nothing.
    is_exact boolean not null,
    starts timestamptz,
    ends timestamptz,
    -- References, with 'role@' before them where the actor has a role of the clinic's; '*' is everybody.
    actors text[] collate "C" not null,
    -- Codes of v3-ActReason; '*' is any.
    purposes text[] collate "C" not null,
    -- All must be met, each by one of its values: [["class", "Observation"], ["code", "http://loinc.org|1234-5"]].
    terms jsonb not null,
    primary key (rid, place)
);
create index consent_provision_patient on consent_provision (patient);
create index consent_provision_denied on consent_provision using gin (actors) where effect = 'deny';

-- The first moment of a date, or the first after it.
create function consent_moment(written text, is_end boolean) returns timestamptz language sql stable as $$
    select case length(written)
        when 4 then (written || '-01-01T00:00:00Z')::timestamptz + case when is_end then interval '1 year' else '0' end
        when 7 then (written || '-01T00:00:00Z')::timestamptz + case when is_end then interval '1 month' else '0' end
        when 10 then (written || 'T00:00:00Z')::timestamptz + case when is_end then interval '1 day' else '0' end
        else written::timestamptz + case when not is_end then '0' when written like '%.%' then interval '1 millisecond'
                                         else interval '1 second' end
        end
$$;

-- 'system|code' of a coding that has both.
create function consent_code(coding jsonb) returns text language sql immutable as $$
    select (coding ->> 'system') || '|' || (coding ->> 'code')
$$;

-- Whom an actor names; null where that is not understood.
create function consent_actor(actor jsonb) returns text language sql immutable as $$
    select case
        when reference !~ '^([a-z]+://.+/)?(Practitioner|PractitionerRole|Organization|CareTeam|RelatedPerson|Patient|Device)/[A-Za-z0-9.-]{1,64}$'
            then null
        -- Of several roles it is not known whether one or all are meant.
        when staffs > 1 then null
        when staff is not null then staff || '@' || reference
        when is_recipient then reference
        end
      from (select actor #>> '{reference,reference}' as reference,
                   (select c ->> 'code' from jsonb_path_query(actor, 'lax $.role.coding[*]') c
                     where c ->> 'system' = 'https://vesta.example/fhir/CodeSystem/staff-role' limit 1) as staff,
                   (select count(*) from jsonb_path_query(actor, 'lax $.role.coding[*]') c
                     where c ->> 'system' = 'https://vesta.example/fhir/CodeSystem/staff-role') as staffs,
                   exists (select from jsonb_path_query(actor, 'lax $.role.coding[*]') c
                            where consent_code(c) in ('http://terminology.hl7.org/CodeSystem/v3-ParticipationType|IRCP',
                                                      'http://terminology.hl7.org/CodeSystem/v3-ParticipationType|PRCP')
                           ) as is_recipient) a
$$;

-- What a provision asks of a resource, and whether that is all it asks; a term that is not understood is left out.
create function consent_terms(provision jsonb, out terms jsonb, out is_exact boolean) language sql immutable as $$
    with said(kind, value) as (
        select 'class', case c ->> 'system' when 'http://hl7.org/fhir/resource-types' then c ->> 'code' end
          from jsonb_path_query(provision, 'lax $.class[*]') c
        union all
        select 'label', consent_code(c) from jsonb_path_query(provision, 'lax $.securityLabel[*]') c
        union all
        select 'code', consent_code(c)
          from jsonb_path_query(provision, 'lax $.code[*]') concept
          left join lateral jsonb_path_query(concept, 'lax $.coding[*]') c on true
        union all
        select 'data', case when d ->> 'meaning' in ('instance', 'dependents')
                             and d #>> '{reference,reference}' ~ '^([a-z]+://.+/)?[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}$'
                            then (d ->> 'meaning') || ' ' || (d #>> '{reference,reference}') end
          from jsonb_path_query(provision, 'lax $.data[*]') d
    ), term as (
        select kind, jsonb_build_array(kind) || jsonb_agg(distinct value order by value) as term, bool_and(value is not null) as is_exact
          from said group by kind
    )
    select coalesce(jsonb_agg(term order by kind) filter (where term.is_exact), '[]'), coalesce(bool_and(term.is_exact), true)
      from term
$$;

-- Takes the provisions of a Consent apart, and answers how many there are.
create function add_provisions(of_rid bigint, of_id text, content jsonb) returns bigint language plpgsql as $$
declare
    added bigint;
begin
    if content is null or content ->> 'status' is distinct from 'active' or content #>> '{patient,reference}' is null
       or not exists (select from jsonb_path_query(content, 'lax $.scope.coding[*]') c
                       where consent_code(c) = 'http://terminology.hl7.org/CodeSystem/consentscope|patient-privacy')
      and exists (select from jsonb_path_query(content, 'lax $.scope.coding[*]') c
                   where consent_code(c) in ('http://terminology.hl7.org/CodeSystem/consentscope|treatment',
                                             'http://terminology.hl7.org/CodeSystem/consentscope|research',
                                             'http://terminology.hl7.org/CodeSystem/consentscope|adr')) then
        return 0;
    end if;
    insert into consent_provision (rid, consent, place, patient, effect, is_exact, starts, ends, actors, purposes, terms)
    with recursive tree(place, provision) as (
        select '{}'::integer[], coalesce(content -> 'provision', '{}')
        union all
        select t.place || n.place::integer, n.value
          from tree t cross join lateral jsonb_array_elements(t.provision -> 'provision') with ordinality n(value, place)
    ), policy as (
        select coalesce(bool_or(c ? 'system' and c ->> 'code' in ('OPTIN', 'OPTINR')), false) as permits,
               coalesce(bool_or(c ->> 'code' in ('OPTOUT', 'OPTOUTE')), false) as denies
          from jsonb_path_query(content, 'lax $.policyRule.coding[*]') c
         where coalesce(c ->> 'system', '') in ('', 'http://terminology.hl7.org/CodeSystem/v3-ActCode')
    ), whole as (
        -- What is not verified permits nothing.
        select not (jsonb_path_exists(content, 'lax $.**.modifierExtension') or content ? 'implicitRules')
               and coalesce(bool_or((v ->> 'verified')::boolean), true) as is_exact
          from jsonb_path_query(content, 'lax $.verification[*]') v
    ), effect as (
        select t.place, t.provision, case
                   when t.provision ->> 'type' in ('permit', 'deny') then t.provision ->> 'type'
                   when t.place <> '{}' then 'deny'
                   when p.denies then 'deny'
                   when p.permits then 'permit'
                   when content ? 'provision' and not t.provision ? 'provision' then 'deny'
               end as effect
          from tree t cross join policy p
    ), actor as (
        select e.place, array_agg(a.name) as names, bool_and(a.name is not null) as is_exact
          from effect e cross join lateral jsonb_array_elements(e.provision -> 'actor') x(actor)
         cross join lateral (
               select consent_actor(x.actor) as name
               union all
               -- Of a client without a person nobody knows whose it is.
               select 'client' where e.effect = 'deny' and consent_actor(x.actor) ~ '(^|[/@])Organization/') a
         group by e.place
    ), purpose as (
        select e.place, array_agg(c ->> 'code') as codes,
               bool_and(coalesce(c ->> 'system' = 'http://terminology.hl7.org/CodeSystem/v3-ActReason' and c ? 'code', false))
                   as is_exact
          from effect e cross join lateral jsonb_array_elements(e.provision -> 'purpose') x(c)
         group by e.place
    )
    select of_rid, of_id, e.place, regexp_replace(content #>> '{patient,reference}', '/_history/.*$', ''), e.effect,
           w.is_exact and t.is_exact and coalesce(a.is_exact, true) and coalesce(u.is_exact, true)
               -- Something else than these bounds it, or it is not about reading.
               and not exists (select from jsonb_object_keys(e.provision) key
                                where key <> all ('{id,extension,type,period,actor,action,securityLabel,purpose,class,code,data,provision}'))
               and (not e.provision ? 'action'
                    or exists (select from jsonb_path_query(e.provision, 'lax $.action[*].coding[*]') c
                                where consent_code(c) in ('http://terminology.hl7.org/CodeSystem/consentaction|access',
                                                          'http://terminology.hl7.org/CodeSystem/consentaction|use',
                                                          'http://terminology.hl7.org/CodeSystem/consentaction|disclose'))),
           consent_moment(e.provision #>> '{period,start}', false), consent_moment(e.provision #>> '{period,end}', true),
           case when a.is_exact then a.names else '{*}' end, case when u.is_exact then u.codes else '{*}' end, t.terms
      from effect e cross join whole w cross join lateral consent_terms(e.provision) t
      left join actor a on a.place = e.place left join purpose u on u.place = e.place;
    get diagnostics added = row_count;
    return added;
end
$$;

-- Puts the provisions of a Consent in the place of those that are known of it. One that cannot be taken apart, or has more
-- provisions than anybody means, denies everything to everybody.
create function set_consent(of_rid bigint, of_id text, content jsonb) returns void language plpgsql as $$
declare
    provisions bigint;
begin
    delete from consent_provision where rid = of_rid;
    begin
        provisions := add_provisions(of_rid, of_id, content);
    exception when data_exception then
        provisions := null;
    end;
    if provisions is null or provisions > 200 then
        delete from consent_provision where rid = of_rid;
        insert into consent_provision (rid, consent, place, patient, effect, is_exact, actors, purposes, terms)
        values (of_rid, of_id, '{}', regexp_replace(content #>> '{patient,reference}', '/_history/.*$', ''), 'deny', false,
                '{*}', '{*}', '[]');
    end if;
end
$$;

create function follow_consent() returns trigger language plpgsql as $$
begin
    perform set_consent(new.rid, new.id, case when not new.deleted then new.json end);
    return null;
end
$$;
create trigger consent_follows after insert or update of json on resource for each row
    when (new.resource_type = 'Consent')
    execute function follow_consent();

select set_consent(rid, id, json) from resource where resource_type = 'Consent' and not deleted;
