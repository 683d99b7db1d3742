-- The waiting list: time that was freed, and what has been offered to whom (server/decisions/0035-told-from-what-was-written.md).

-- Time that somebody had and has no more, until those who wait for it have been looked for. A row is written in the transaction
-- that frees the time, whatever writes it, and is gone in the transaction that finds that nobody waits for what is left.
create table freed_time (
    id bigint generated always as identity primary key,
    -- Whose it was: Appointment/… or Slot/…
    source text not null,
    during tstzrange not null check (not isempty(during) and not lower_inf(during) and not upper_inf(during)),
    -- Not looked at before; later where looking has failed.
    due timestamptz not null,
    tries integer not null default 0
);
create index freed_time_due on freed_time (due);

-- Visits that are held for somebody who waits, and who that is. Kept when the offer is over: nobody is offered the same twice.
create table waitlist_offer (
    appointment text primary key,
    -- The Appointment on the waiting list.
    entry text not null,
    during tstzrange not null
);
create index waitlist_offer_entry on waitlist_offer (entry);

-- What became of visits, until it is told: a row is written in the transaction that writes the visit, and is gone in the one
-- that plans what is sent.
create table visit_news (
    id bigint generated always as identity primary key,
    appointment text not null,
    -- 'other' has nothing to tell, but reminders are planned anew.
    kind text not null check (kind in ('booked', 'changed', 'cancelled', 'offered', 'other')),
    due timestamptz not null,
    tries integer not null default 0
);
create index visit_news_due on visit_news (due);

-- What is to be sent. A row is written with its CommunicationRequest, and is gone with the note of what became of it.
create table message (
    -- CommunicationRequest/…
    request text primary key,
    appointment text not null,
    patient text not null,
    kind text not null check (kind in ('booked', 'changed', 'cancelled', 'offered', 'reminder')),
    -- When the visit is of which it tells: of any other time nothing is said.
    starts timestamptz not null,
    -- When it is sent; once it is handed over, when that is taken for lost.
    due timestamptz not null,
    -- How often it was handed over.
    tries integer not null default 0,
    -- Communication/…, once it was handed over.
    communication text
);
create index message_due on message (due);
create index message_appointment on message (appointment);

select grant_serve(rolname) from pg_roles where rolname = 'vesta_serve';
