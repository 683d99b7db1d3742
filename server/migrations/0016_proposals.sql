-- Visits that $find has offered (server/decisions/0032-time-of-calendars.md): they claim nothing, are shown to nobody but who asked, and
-- are gone after a quarter of an hour. No backup needs them.
create unlogged table appointment_proposal (
    id text primary key,
    -- Client and person.
    holder text not null,
    content text not null,
    expires_at timestamptz not null
);
create index appointment_proposal_expiry on appointment_proposal (expires_at);
select grant_serve(rolname) from pg_roles where rolname = 'vesta_serve';
