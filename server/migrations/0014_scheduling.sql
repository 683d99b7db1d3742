-- Who and what is busy when, and what calls of operations have answered (server/decisions/0030-claims-of-time.md).

-- Answers to calls that carried an Idempotency-Key: a call that is sent again is answered by them, for a day. They are written
-- in the transaction of the call, so that there is one if, and only if, the call was done.
create table idempotency (
    -- Client and person, operation, and the key they chose.
    caller text not null,
    operation text not null,
    key text not null,
    -- SHA-256 of what was asked.
    digest bytea not null,
    status smallint not null,
    location text,
    body text not null,
    answered timestamptz not null,
    primary key (caller, operation, key)
);
create index idempotency_answered on idempotency (answered);

create extension if not exists btree_gist;

-- Who and what is busy when. It is written with the Appointment or Slot that it comes from, and can be made again from those.
create table actor_busy (
    -- A person, not one of the person's roles; a room, a device, a patient.
    actor text not null,
    -- As many as may be there at once; the first is 0.
    lane integer not null,
    -- With the times before and after that the visit needs.
    during tstzrange not null,
    kind text not null check (kind in ('booked', 'held', 'blocked')),
    source text not null,
    -- Who takes part, as the source says it: where a role passes to somebody else, this finds its visits.
    via text not null,
    expires_at timestamptz,
    check (not isempty(during) and not lower_inf(during) and not upper_inf(during)),
    check ((kind = 'held') = (expires_at is not null)),
    constraint actor_busy_no_clash exclude using gist (actor with =, lane with =, during with &&)
);
create index actor_busy_source on actor_busy (source);
create index actor_busy_role on actor_busy (via) where via like 'PractitionerRole/%';

-- Visits that are held: until when, and for whom. What has ended waits here for the sweeper.
create table appointment_hold (
    appointment text primary key,
    holder text not null,
    expires_at timestamptz not null,
    -- A hold is extended once.
    is_extended boolean not null default false
);
create index appointment_hold_expiry on appointment_hold (expires_at);

-- Those who take part, as they are stored. The person behind a role stays who it is until the end of the transaction:
-- whoever gives it to another waits.
create function read_actors(types text[], ids text[]) returns table (resource_type text, id text, content text)
language plpgsql as $$
#variable_conflict use_column
begin
    perform pg_advisory_xact_lock_shared(l.number) from (
        select distinct hashtextextended(t.resource_type || '/' || t.id, 1) as number
          from unnest(types, ids) as t(resource_type, id) where t.resource_type = 'PractitionerRole' order by 1) l;
    return query
    select r.resource_type, r.id, coalesce(r.exact, r.json::text)
      from unnest(types, ids) as t(resource_type, id)
      join resource r on r.resource_type = t.resource_type and r.id = t.id and not r.deleted;
end
$$;

-- Waits for all others who claim the time of one of these, in one order. The locks are few, so that a transaction with
-- thousands of visits does not take all that the server has.
create function lock_actors(actors text[]) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(1986359924, l.number) from (
        select distinct (hashtextextended(a.actor, 0) & 1023)::integer as number from unnest(actors) as a(actor) order by 1) l;
end
$$;

-- Claims time in place of what the sources have claimed before. A row for each claim that cannot be had says by what its actor
-- is busy; then the transaction must not be committed. Whoever claims the time of somebody waits for all others who do, in
-- one order, so that no two wait for each other. What is held no more stands in nobody's way. What was before there were
-- claims is claimed regardless of what it meets: a block has one lane then.
create function claim_time(
    at timestamptz, sources text[],
    actors text[], vias text[], claimants text[], lowers timestamptz[], uppers timestamptz[], kinds text[],
    expiries timestamptz[], capacities integer[], limits integer[], regardless boolean
) returns table (n integer, kind text, lower timestamptz, upper timestamptz)
language plpgsql as $$
#variable_conflict use_column
declare
    claim record;
    free integer;
begin
    perform lock_actors(actors || array(select b.actor from actor_busy b where b.source = any (sources)));

    delete from actor_busy b where b.source = any (sources);
    delete from actor_busy b using unnest(actors, lowers, uppers) as c(actor, lower, upper)
     where b.kind = 'held' and b.expires_at <= at and b.actor = c.actor and b.during && tstzrange(c.lower, c.upper);

    for claim in
        select c.*, tstzrange(c.lower, c.upper) as during
          from unnest(actors, vias, claimants, lowers, uppers, kinds, expiries, capacities, limits)
               with ordinality as c(actor, via, source, lower, upper, kind, expiry, capacity, most, n)
         order by c.n
    loop
        free := null;
        if claim.kind = 'blocked' and not regardless then
            -- A block takes all there is.
            if not exists (select from actor_busy b where b.actor = claim.actor and b.during && claim.during) then
                insert into actor_busy (actor, lane, during, kind, source, via)
                select claim.actor, l.lane, claim.during, claim.kind, claim.source, claim.via
                  from generate_series(0, claim.capacity - 1) as l(lane);
                free := 0;
            end if;
        -- Nor is there room beside what is there from when there was more.
        elsif regardless or not exists (
            select from actor_busy b
             where b.actor = claim.actor and b.during && claim.during and (b.kind = 'blocked' or b.lane >= claim.most)) then
            select l.lane into free from generate_series(0, claim.most - 1) as l(lane)
             where not exists (select from actor_busy b
                                where b.actor = claim.actor and b.lane = l.lane and b.during && claim.during)
             order by l.lane limit 1;
            if free is not null then
                insert into actor_busy (actor, lane, during, kind, source, via, expires_at)
                values (claim.actor, free, claim.during, claim.kind, claim.source, claim.via, claim.expiry);
            end if;
        end if;
        if free is null then
            return query
            select claim.n::integer, b.kind, lower(b.during), upper(b.during) from actor_busy b
             where b.actor = claim.actor and b.during && claim.during order by b.during limit 1;
        end if;
    end loop;
end
$$;

-- What a role has claimed and is not over passes to the person whose role it is now. Where that person is busy, the exclusion
-- constraint refuses it.
create function pass_claims(at timestamptz, role text, person text) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(role, 1));
    perform lock_actors(person || array(select b.actor from actor_busy b where b.via = role));
    update actor_busy b set actor = person where b.via = role and upper(b.during) > at and b.actor <> person;
end
$$;

-- Claims of before this migration are made by the server when it first starts.
insert into setting (name, value) select 'claims', 'to be made' where exists (
    select from resource where resource_type in ('Appointment', 'Slot') and not deleted);
