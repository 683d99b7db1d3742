-- Profiles and extensions that are stored: which there are, so that servers learn of a change without reading them all.
-- Rows follow the StructureDefinition in its transaction, whoever writes it.
-- See server/decisions/0018-profiles-at-run-time.md.

create table stored_profile (
    -- The resource.
    rid bigint primary key,
    id text collate "C" not null,
    version_id bigint not null
);

-- Counts the commits that have changed them.
create table stored_profile_state (
    only_row boolean primary key default true check (only_row),
    revision bigint not null
);
insert into stored_profile_state (revision) values (0);

-- What constrains a type and is still in use. Logical models are no profiles.
create function is_profile(definition jsonb) returns boolean language sql immutable as $$
    select definition ->> 'derivation' = 'constraint'
       and definition ->> 'kind' is distinct from 'logical'
       and definition ->> 'status' is distinct from 'retired'
$$;

create function follow_profile() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        delete from stored_profile where rid = new.rid;
    end if;
    if not new.deleted and is_profile(new.json) then
        insert into stored_profile (rid, id, version_id) values (new.rid, new.id, new.version_id);
    end if;
    return null;
end
$$;
create trigger profile_follows after insert or update of json on resource for each row
    when (new.resource_type = 'StructureDefinition') execute function follow_profile();

-- Counts at the commit, once for each, so that nobody waits for the row longer than a commit takes.
create function count_profile_change() returns trigger language plpgsql as $$
begin
    if current_setting('vesta.profile_counted', true) is distinct from pg_current_xact_id()::text then
        perform set_config('vesta.profile_counted', pg_current_xact_id()::text, true);
        update stored_profile_state set revision = revision + 1;
    end if;
    return null;
end
$$;
create constraint trigger profile_counts after insert or delete on stored_profile
    deferrable initially deferred for each row execute function count_profile_change();

-- What was stored before.
insert into stored_profile (rid, id, version_id)
select rid, id, version_id from resource
 where resource_type = 'StructureDefinition' and not deleted and is_profile(json);
