-- Slots as the times of calendars, blocks that are put over visits, and calendars behind secret links
-- (server/decisions/0034-forced-blocks-and-slots.md).

-- When the Slots of a Schedule are, and what they are. It is written with the Slot, and can be made again from it.
create table slot_time (
    slot text primary key,
    schedule text not null,
    during tstzrange not null,
    status text not null,
    check (not isempty(during) and not lower_inf(during) and not upper_inf(during))
);
create index slot_time_schedule on slot_time using gist (schedule, during);
-- What is free and to come, of all Schedules.
create index slot_time_free on slot_time (upper(during)) where status = 'free';

-- Notes what Slots are now; those that are not named with a time are none any more.
create function keep_slots(
    written text[], slots text[], schedules text[], lowers timestamptz[], uppers timestamptz[], statuses text[]
) returns void language sql as $$
    delete from slot_time where slot = any (written) and slot <> all (slots);
    insert into slot_time (slot, schedule, during, status)
    select s.slot, s.schedule, tstzrange(s.lower, s.upper), s.status
      from unnest(slots, schedules, lowers, uppers, statuses) as s(slot, schedule, lower, upper, status)
        on conflict (slot) do update
       set schedule = excluded.schedule, during = excluded.during, status = excluded.status
     where (slot_time.schedule, slot_time.during, slot_time.status)
           is distinct from (excluded.schedule, excluded.during, excluded.status);
$$;

-- Schedules that are booked by their Slots alone, by whose they are; written with the Schedule.
create table slot_calendar (
    schedule text not null,
    actor text not null,
    primary key (schedule, actor)
);
create index slot_calendar_actor on slot_calendar (actor);

-- Notes of whom Schedules are that are booked by Slots; those that are not named are not.
create function keep_calendars(written text[], schedules text[], actors text[]) returns void language sql as $$
    delete from slot_calendar where schedule = any (written);
    insert into slot_calendar (schedule, actor)
    select distinct s.schedule, s.actor from unnest(schedules, actors) as s(schedule, actor);
$$;

-- Blocks that were put over visits: of their time they claim what nobody has, and all that is given up later.
create table forced_block (
    source text not null,
    actor text not null,
    during tstzrange not null,
    capacity integer not null,
    primary key (source, actor),
    check (not isempty(during) and not lower_inf(during) and not upper_inf(during))
);
create index forced_block_actor on forced_block using gist (actor, during);

-- Claims for such blocks what is free of their time, lane by lane. Whoever calls it has the locks of the actors.
create function fill_blocks(actors text[]) returns void language plpgsql as $$
declare
    block record;
begin
    for block in select f.* from forced_block f where f.actor = any (actors) order by f.source, f.actor loop
        insert into actor_busy (actor, lane, during, kind, source)
        select block.actor, l.lane, free.during, 'blocked', block.source
          from generate_series(0, block.capacity - 1) as l(lane)
         cross join lateral unnest(tstzmultirange(block.during) - coalesce(
                   (select range_agg(b.during) from actor_busy b
                     where b.actor = block.actor and b.lane = l.lane and b.during && block.during),
                   '{}'::tstzmultirange)) as free(during);
    end loop;
end
$$;

-- Puts blocks over whatever is there.
create function force_blocks(
    claimants text[], actors text[], lowers timestamptz[], uppers timestamptz[], capacities integer[]
) returns void language plpgsql as $$
begin
    perform lock_actors(actors);
    insert into forced_block (source, actor, during, capacity)
    select c.source, c.actor, tstzrange(c.lower, c.upper), c.capacity
      from unnest(claimants, actors, lowers, uppers, capacities) as c(source, actor, lower, upper, capacity);
    perform fill_blocks(actors);
end
$$;

-- Time that a visit gives up under such a block is the block's at once: nobody else is booked there, nor the visit again. Where
-- all claims are made again, visits have theirs first.
create function give_to_blocks() returns trigger language plpgsql as $$
begin
    if current_setting('vesta.claims', true) is distinct from 'made again'
       and exists (select from forced_block f where f.actor = old.actor and f.during && old.during) then
        perform fill_blocks(array[old.actor]);
    end if;
    return null;
end
$$;
create trigger actor_busy_gives_to_blocks after delete on actor_busy for each row execute function give_to_blocks();

-- Calendars that can be subscribed to. Of the secret in a link there is a hash alone.
create table calendar_link (
    -- `Practitioner/[id]`
    person text primary key,
    secret bytea not null unique,
    made timestamptz not null
);

-- Schedules and Slots of before this migration are noted by the server when it first starts, with all claims.
insert into setting (name, value) select 'claims', 'to be made' where exists (
    select from resource where resource_type in ('Schedule', 'Slot') and not deleted)
on conflict (name) do update set value = excluded.value;
