-- Blocks over visits are asked for wherever time is claimed (server/decisions/0036-forced-blocks-are-asked-for.md), and take no lanes of
-- what they block any more.

drop trigger actor_busy_gives_to_blocks on actor_busy;
drop function give_to_blocks();
drop function force_blocks(text[], text[], timestamptz[], timestamptz[], integer[]);
drop function fill_blocks(text[]);
delete from actor_busy where kind = 'blocked' and source in (select source from forced_block);
alter table forced_block drop column capacity;

-- Puts blocks over whatever is there.
create function force_blocks(claimants text[], actors text[], lowers timestamptz[], uppers timestamptz[])
returns void language plpgsql as $$
begin
    perform lock_actors(actors);
    insert into forced_block (source, actor, during)
    select c.source, c.actor, tstzrange(c.lower, c.upper)
      from unnest(claimants, actors, lowers, uppers) as c(source, actor, lower, upper);
end
$$;

-- Claims time in place of what the sources have claimed before. A row for each claim that cannot be had says by what its actor
-- is busy; then the transaction must not be committed. Whoever claims the time of somebody waits for all others who do, in
-- one order, so that no two wait for each other. What is held no more stands in nobody's way. Where a block is over visits nothing is
-- claimed beside those that are there. What was before there were claims is claimed regardless of what it meets: a block has one
-- lane then.
create or replace function claim_time(
    at timestamptz, sources text[],
    actors text[], claimants text[], lowers timestamptz[], uppers timestamptz[], kinds text[],
    expiries timestamptz[], capacities integer[], limits integer[], regardless boolean
) returns table (n integer, kind text, lower timestamptz, upper timestamptz)
language plpgsql as $$
#variable_conflict use_column
declare
    claim record;
    free integer;
    is_closed boolean;
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
        is_closed := not regardless
            and exists (select from forced_block f where f.actor = claim.actor and f.during && claim.during);
        if claim.kind = 'blocked' and not regardless then
            -- A block takes all there is.
            if not is_closed
               and not exists (select from actor_busy b where b.actor = claim.actor and b.during && claim.during) then
                insert into actor_busy (actor, lane, during, kind, source)
                select claim.actor, l.lane, claim.during, claim.kind, claim.source
                  from generate_series(0, claim.capacity - 1) as l(lane);
                free := 0;
            end if;
        -- Nor is there room beside what is there from when there was more.
        elsif regardless or not is_closed and not exists (
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
            select claim.n::integer, m.kind, lower(m.during), upper(m.during)
              from (select b.kind, b.during from actor_busy b where b.actor = claim.actor and b.during && claim.during
                     union all
                    select 'blocked', f.during from forced_block f where f.actor = claim.actor and f.during && claim.during) m
             order by m.kind <> 'blocked', m.during limit 1;
        end if;
    end loop;
end
$$;
