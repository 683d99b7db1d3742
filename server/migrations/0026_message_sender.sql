-- News waits for processes that send (server/decisions/0035-told-from-what-was-written.md).

-- When a process that sends messages was there last.
create table message_sender (
    one boolean primary key check (one),
    seen timestamptz not null
);

-- Of one visit news is told in its order.
create index visit_news_appointment on visit_news (appointment, id);

select grant_serve(rolname) from pg_roles where rolname = 'vesta_serve';
