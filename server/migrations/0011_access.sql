-- Who has opened whose record in an emergency, why, and until when. What is opened stays written down when it has ended.
-- See server/decisions/0023-access-in-rows.md.

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

create trigger break_glass_is_immutable before update or delete or truncate on break_glass
    for each statement execute function refuse_change();
