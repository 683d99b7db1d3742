-- Links in messages by which patients say whether they come: of the secret of each a hash alone is kept.
create table reply_link (
    secret bytea primary key check (length(secret) = 32),
    -- Appointment/… and Patient/…
    appointment text not null,
    patient text not null,
    -- What was told: of an offer it is answered whether it is taken, of a visit whether the patient comes.
    kind text not null check (kind in ('booked', 'changed', 'offered', 'reminder')),
    -- When the visit was to be: one at another time is not answered by it.
    starts timestamptz not null,
    -- The text of the message, and its language.
    told text not null,
    language text not null,
    -- Until when it leads anywhere.
    expires_at timestamptz not null
);
create index reply_link_expires_at on reply_link (expires_at);

select grant_serve(rolname) from pg_roles where rolname = 'vesta_serve';
