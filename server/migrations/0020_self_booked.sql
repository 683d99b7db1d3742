-- Visits that patients, or those who speak for them, have booked themselves: they have so many to come of one kind at once
-- (server/SCHEDULING.md). Whether one still takes time says actor_busy.

create table self_booked (
    appointment text primary key,
    person text not null,
    service text not null
);
create index self_booked_person on self_booked (person, service);
