-- The audit trail: who did what to whose data, one row for each request, and the chain that makes any change of it visible
-- (server/decisions/0024-audit-trail.md). Rows are only ever added. What `serve` may do here says grant_serve, below.

-- A request. AuditEvents are rendered from it when they are read: one for each of its patients, or one where it has none.
-- The id of an AuditEvent is seq and the place among the row's events: 88213-1.
create table audit (
    seq bigint generated always as identity primary key,
    -- Rows are sealed in the order of (xid, seq), below the oldest running transaction, as changes are read (ADR 0008).
    xid xid8 not null default pg_current_xact_id(),
    recorded timestamptz not null,
    -- The restful interaction; 'operation' with the operation's code beside it.
    interaction text not null,
    operation text,
    -- Whether it changed something: C, R, U, D, E.
    action text not null check (action in ('C', 'R', 'U', 'D', 'E')),
    outcome smallint not null check (outcome in (0, 4, 8, 12)),
    status smallint not null,
    reason text,
    -- How the request was allowed: by a grant, or for a reason of the server's own.
    access text not null,
    grant_id text,
    client text,
    agent text,
    login text,
    purpose_system text,
    purpose text,
    address text,
    node text not null,
    site text,
    base_url text not null,
    request_id text not null,
    -- What was asked for: Patient/1, Observation.
    target text,
    query text,
    -- What was touched: Type/id/_history/version; owners has for each the place of its patient, from 1, or 0.
    entities text[] not null,
    owners integer[] not null,
    patients text[] not null,
    -- Hashes of patients, entities, agent, client, address, request: AND of criteria is one intersection.
    elements bigint[] not null,
    -- What no other row has: a copy of a row is none.
    nonce uuid not null,
    -- By the key of the server over all that is known before the row is written: a row that somebody else put here has none.
    proof text not null,
    check (cardinality(entities) = cardinality(owners))
);
-- Nonces begin with the time, so that new ones stand beside each other here.
create unique index audit_nonce on audit (nonce);
create index audit_sealing on audit (xid, seq);
create index audit_elements on audit using gin (elements) with (fastupdate = on, gin_pending_list_limit = 1024);
create index audit_recorded on audit using brin (recorded) with (pages_per_range = 16);

-- The chain: one link for each event, hash = SHA-256(prev || 0x0A || canonical text of the event).
create table audit_chain (
    seq bigint primary key,
    audit bigint not null,
    place integer not null,
    prev bytea not null,
    hash bytea not null,
    sealed timestamptz not null
);
create unique index audit_chain_event on audit_chain (audit, place);

-- The head of the chain, signed now and then. Checkpoints are chained, too: each signs the signature of the one before.
create table audit_checkpoint (
    number bigint primary key,
    seq bigint not null,
    hash bytea not null,
    at timestamptz not null,
    prev bytea not null,
    key_id text not null,
    signature bytea not null
);

create trigger audit_is_immutable before update or delete or truncate on audit
    for each statement execute function refuse_change();
create trigger audit_chain_is_immutable before update or delete or truncate on audit_chain
    for each statement execute function refuse_change();
create trigger audit_checkpoint_is_immutable before update or delete or truncate on audit_checkpoint
    for each statement execute function refuse_change();

-- The name of this installation's chain.
insert into setting (name, value) values ('audit_chain', gen_random_uuid()::text);

-- The only way by which `serve` adds rows: it does so by the right of the owner, so that whoever has the role of `serve` names
-- neither the transaction nor the number of a row.
-- With versions, row n is of the write that made versions[n], and '?' stands for that in its entities; where
-- that is null nothing was written, and no row is added.
create function add_audit(rows json, versions bigint[]) returns integer language plpgsql security definer as $$
begin
    if rows is null then
        return 0;
    end if;
    insert into audit (recorded, interaction, operation, action, outcome, status, reason, access, grant_id, client, agent,
                       login, purpose_system, purpose, address, node, site, base_url, request_id, target, query,
                       entities, owners, patients, elements, nonce, proof)
    select a.recorded, a.interaction, a.operation, a.action, a.outcome,
           -- Only here it is known that an update has created.
           case when versions[a.n] = 1 then 201 else a.status end, a.reason, a.access, a.grant_id, a.client,
           a.agent, a.login, a.purpose_system, a.purpose, a.address, a.node, a.site, a.base_url, a.request_id, a.target,
           a.query,
           case when versions is null then a.entities
                else replace(a.entities::text, '?', versions[a.n]::text)::text[] end,
           a.owners, a.patients, a.elements, a.nonce, a.proof
      from json_to_recordset(rows) as a(
           n integer, recorded timestamptz, interaction text, operation text, action text, outcome smallint,
           status smallint, reason text, access text, grant_id text, client text, agent text, login text,
           purpose_system text, purpose text, address text, node text, site text, base_url text, request_id text,
           target text, query text, entities text[], owners integer[], patients text[], elements bigint[], nonce uuid,
           proof text)
     where versions is null or versions[a.n] is not null;
    return 1;
end
$$;
revoke execute on function add_audit(json, bigint[]) from public;
-- No table of whoever calls it stands before ours.
do $$
begin
    execute format('alter function add_audit(json, bigint[]) set search_path to pg_catalog, %I, pg_temp', current_schema());
end
$$;

-- What the role under which `serve` runs may do: everything with resources, but only add to the trail and read it.
create function grant_serve(role_name text) returns void language plpgsql as $$
begin
    -- Two that grant at the same moment would stand in each other's way.
    perform pg_advisory_xact_lock(7598203411820512);
    execute format('grant usage on schema %I to %I', current_schema(), role_name);
    execute format('grant select, insert, update, delete on all tables in schema %I to %I', current_schema(), role_name);
    execute format('grant usage, select on all sequences in schema %I to %I', current_schema(), role_name);
    execute format('grant execute on all functions in schema %I to %I', current_schema(), role_name);
    execute format('revoke insert on audit from %I', role_name);
    execute format('revoke update, delete, truncate on audit, audit_chain, audit_checkpoint, resource_history from %I', role_name);
    execute format('revoke insert, update, delete on _sqlx_migrations from %I', role_name);
    execute format('revoke execute on function grant_serve(text) from public, %I', role_name);
end
$$;
