-- The rest of search: numbers and quantities, positions, words, and what chains, sorting and long periods ask for.
-- See server/decisions/0013-search-plans.md.

-- A chain goes from elements of tok back to rows: element # seed = key_hash.
create index resource_key_hash on resource (key_hash) where not deleted;

-- Every version has its row here with its instant, and rows are only ever added: the order by _lastUpdated and its
-- ranges are read from here, so that resource needs no index on a column that every update changes.
drop index change_at;
create index change_by_time on change (resource_type, at desc, seq desc);
create index change_at on change (at desc, seq desc);

-- Short periods are found by where they begin: one that overlaps a span begins at most a day before it. The few that are
-- longer are found by where they end as well.
alter table index_date add column is_long boolean not null default true;
drop index index_date_upper;
create index index_date_upper on index_date (parameter, upper, rid) where is_long;

-- Letter by letter, three at a time, each hashed with the parameter: what :contains asks. Our own rather than pg_trgm's,
-- which knows letters by the locale of the database and needs an extension.
alter table index_string add column grams integer[] not null default '{}';
create index index_string_grams on index_string using gin (grams) with (fastupdate = on, gin_pending_list_limit = 256);

-- Numbers and quantities as closed ranges. units: hashes of the forms the unit can be asked for in. A quantity in UCUM
-- has a second row, in canonical units, whose parameter implies the unit.
create table index_number (
    parameter bigint not null,
    lower numeric not null,
    upper numeric not null,
    units bigint[] not null default '{}',
    rid bigint not null
);
create index index_number_lower on index_number (parameter, lower, upper, rid);
-- Points need no second order.
create index index_number_upper on index_number (parameter, upper, rid) where lower <> upper;
create index index_number_rid on index_number (rid);

create table index_position (
    parameter bigint not null,
    latitude numeric not null,
    longitude numeric not null,
    rid bigint not null
);
create index index_position_latitude on index_position (parameter, latitude, longitude, rid);
create index index_position_rid on index_position (rid);

-- Words, folded and with their places. Made by the server: no dictionary of the database has a say.
create table index_text (
    rid bigint primary key,
    narrative tsvector not null,
    content tsvector not null
);
create index index_text_narrative on index_text using gin (narrative) with (fastupdate = on, gin_pending_list_limit = 256);
create index index_text_content on index_text using gin (content) with (fastupdate = on, gin_pending_list_limit = 256);

alter table index_string set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table index_date set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table index_number set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table index_position set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table index_text set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- Which definitions search values are extracted by. Every write says the generation it was made ready with and is refused
-- where that is no longer the current one: see check_generation and server/decisions/0014-search-parameters-at-run-time.md.
create table search_generation (
    only_row boolean primary key default true check (only_row),
    generation bigint not null,
    -- The transaction that made it; its own writes are still of the generation before.
    xid xid8 not null,
    -- What the servers bring themselves, as a fingerprint.
    built_in text not null,
    -- Counts what happens to search_index, so that a look at this row alone tells a server whether to look there.
    revision bigint not null
);
insert into search_generation (generation, xid, built_in, revision) values (1, pg_current_xact_id(), '', 0);

-- How far the search values of each type are computed (server/decisions/0014-search-parameters-at-run-time.md).
create table search_index (
    resource_type text collate "C" primary key,
    -- 'code hash' of each parameter whose values every resource of the type has.
    complete text[] not null default '{}',
    -- The walk under way, where there is one: a hash of the parameters it is for, and the transaction number below which
    -- all must have ended before it looks.
    target text,
    horizon xid8,
    -- The last row it has done, how many it has done, and how many there were when it began.
    reached bigint not null default 0,
    walked bigint not null default 0,
    expected bigint not null default 0,
    -- What stopped it: a resource, and what is wrong with it.
    fault text
);
