-- What decides who may do what, beside resources. See server/decisions/0023-access-in-rows.md.

-- Counts the commits that have changed what roles, care teams and records that were opened allow, so that a server may
-- go on by what it knows of a holder until then.
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
    when (new.resource_type in ('CareTeam', 'PractitionerRole', 'RelatedPerson'))
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
