-- A role or a schedule that passes to somebody else: what it has taken is claimed anew, by the path by which all is claimed
-- (lock_passing.sql, list_dependents.sql), so no claim names the role any more.

drop function pass_claims(timestamptz, text, text);
drop function claim_time(timestamptz, text[], text[], text[], text[], timestamptz[], timestamptz[], text[], timestamptz[], integer[], integer[], boolean);
drop index actor_busy_role;
alter table actor_busy drop column via;

-- Those who take part, as they are stored. The person behind a role, and of whom a schedule is, stays who it is until the end
-- of the transaction: whoever gives it to another waits (lock_passing.sql).
create or replace function read_actors(types text[], ids text[]) returns table (resource_type text, id text, content text)
language plpgsql as $$
#variable_conflict use_column
begin
    perform pg_advisory_xact_lock_shared(l.number) from (
        select distinct hashtextextended(t.resource_type || '/' || t.id, 1) as number
          from unnest(types, ids) as t(resource_type, id) where t.resource_type in ('PractitionerRole', 'Schedule') order by 1) l;
    return query
    select r.resource_type, r.id, coalesce(r.exact, r.json::text)
      from unnest(types, ids) as t(resource_type, id)
      join resource r on r.resource_type = t.resource_type and r.id = t.id and not r.deleted;
end
$$;

-- Claims time in place of what the sources have claimed before. A row for each claim that cannot be had says by what its actor
-- is busy; then the transaction must not be committed. Whoever claims the time of somebody waits for all others who do, in
-- one order, so that no two wait for each other. What is held no more stands in nobody's way. What was before there were
-- claims is claimed regardless of what it meets: a block has one lane then.
create function claim_time(
    at timestamptz, sources text[],
    actors text[], claimants text[], lowers timestamptz[], uppers timestamptz[], kinds text[],
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
          from unnest(actors, claimants, lowers, uppers, kinds, expiries, capacities, limits)
               with ordinality as c(actor, source, lower, upper, kind, expiry, capacity, most, n)
         order by c.n
    loop
        free := null;
        if claim.kind = 'blocked' and not regardless then
            -- A block takes all there is.
            if not exists (select from actor_busy b where b.actor = claim.actor and b.during && claim.during) then
                insert into actor_busy (actor, lane, during, kind, source)
                select claim.actor, l.lane, claim.during, claim.kind, claim.source
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
                insert into actor_busy (actor, lane, during, kind, source, expires_at)
                values (claim.actor, free, claim.during, claim.kind, claim.source, claim.expiry);
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
