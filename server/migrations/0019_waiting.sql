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

select grant_serve(rolname) from pg_roles where rolname = 'vesta_serve';
