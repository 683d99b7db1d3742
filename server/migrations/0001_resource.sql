-- Every resource that exists or once existed, in its current version. One table for all types: a point read by a generic
-- plan then locks one table and one index, and requests for different types share one statement.
-- See server/decisions/0006-one-resource-table.md.
create table resource (
    -- Order of creation. It never changes, so a walk by it neither skips nor repeats, and value rows point at it.
    rid bigint generated always as identity,
    resource_type text collate "C" not null,
    id text collate "C" not null,
    -- Hash of 'Type/id': references in other rows' tok are built on it.
    key_hash bigint not null,
    version_id bigint not null check (version_id > 0),
    last_updated timestamptz not null,
    -- The verb that made this version.
    method text not null check (method in ('POST', 'PUT', 'PATCH', 'DELETE')),
    -- A deleted resource keeps its row: the next version is numbered and locked on it.
    deleted boolean not null default false,
    -- hash(parameter, value) of every token, reference, uri …: AND of criteria is one intersection in the GIN index.
    tok bigint[] not null,
    json jsonb,
    -- The text itself, only where jsonb would not give back a number as it was written (exponents, negative zero).
    exact text,
    primary key (resource_type, id),
    check (deleted = (json is null))
);

create unique index resource_rid on resource (rid);

-- The walk of one type, newest first; deleted rows are not in it. last_updated is deliberately in no index of this
-- table: an update that changes no search value stays a heap-only update.
create index resource_walk on resource (resource_type, rid desc) where not deleted;

-- A short pending list: every search scans it.
create index resource_tok on resource using gin (tok) with (fastupdate = on, gin_pending_list_limit = 256);
alter table resource alter tok set statistics 1000;
alter table resource set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- Versions that are no longer current. Written once, never changed.
create table resource_history (
    resource_type text collate "C" not null,
    id text collate "C" not null,
    version_id bigint not null,
    last_updated timestamptz not null,
    method text not null,
    json jsonb,
    exact text,
    primary key (resource_type, id, version_id)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is immutable', tg_table_name using errcode = 'object_not_in_prerequisite_state';
end
$$;
create trigger resource_history_is_immutable before update or delete or truncate on resource_history
    for each statement execute function refuse_change();

-- What happened, one row per version. seq is drawn while the resource's row is locked, so within a resource it grows
-- with the version. A reader that must miss nothing reads what lies below pg_snapshot_xmin: nobody can still add to
-- that, while a lower number of a sequence could still appear (server/decisions/0008-change-feed.md).
create table change (
    seq bigint generated always as identity primary key,
    xid xid8 not null default pg_current_xact_id(),
    resource_type text collate "C" not null,
    id text collate "C" not null,
    version_id bigint not null,
    method text not null,
    at timestamptz not null
);
create index change_xid on change (xid, seq);
create index change_by_type on change (resource_type, seq desc);
create index change_at on change using brin (at) with (pages_per_range = 16);

-- Strings, folded for comparison and whole; :exact is answered by tok. No key of their own and no foreign key: rows come
-- and go with their resource in the same statement. The ordered index keeps a prefix, since a page must hold its key.
create table index_string (
    parameter bigint not null,
    folded text collate "C" not null,
    rid bigint not null
);
create index index_string_value on index_string (parameter, left(folded, 128), rid);
create index index_string_rid on index_string (rid);

-- Dates as periods [lower, upper).
create table index_date (
    parameter bigint not null,
    lower timestamptz not null,
    upper timestamptz not null,
    rid bigint not null
);
create index index_date_lower on index_date (parameter, lower, upper, rid);
create index index_date_upper on index_date (parameter, upper, rid);
create index index_date_rid on index_date (rid);

-- What all nodes of one installation share: the key that signs page links, and what a job has reached.
create table setting (
    name text primary key,
    value text not null
);
insert into setting (name, value)
    values ('cursor_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

-- Where the server is built with it, lz4 costs a fraction of pglz.
do $$
begin
    alter table resource alter json set compression lz4, alter exact set compression lz4;
    alter table resource_history alter json set compression lz4, alter exact set compression lz4;
exception when feature_not_supported then
    null;
end
$$;
