-- Who may log in, which clients may act for them, and what has been granted. Nothing here is a FHIR resource, so that no
-- search, read or export can ever show it. What a holder shows to be let in is never kept: of passwords there is the
-- argon2id hash, of tokens, codes, cookies and secrets of clients the SHA-256 hash of 256 random bits.
-- Instants are the server's own, so that a rule and its test have one clock.
-- See server/decisions/0022-own-authorization-server.md.

create table identity_user (
    id uuid primary key,
    login text collate "C" not null unique check (login = lower(login)),
    -- How pages address the person.
    name text not null,
    -- Practitioner/…, PractitionerRole/…, Patient/… or RelatedPerson/…
    fhir_user text collate "C" not null,
    password_hash text,
    -- The second factor, sealed with a key that is not here, and the last time step that was used: a code is good once.
    totp_secret bytea,
    totp_step bigint not null default 0,
    is_locked boolean not null default false,
    -- Counted up by a new password, a new second factor and a lock: sessions of a count before are over. A new password
    -- counts up the other too: grants of a count before are over. Both are compared whenever a session or a grant is used,
    -- so that what was under way meanwhile comes to nothing.
    session_epoch integer not null default 0,
    grant_epoch integer not null default 0,
    created_at timestamptz not null
);

-- Attempts to log in since the last success, by login and address, and with an empty address by login alone. Each is counted
-- before it is judged, so that parallel ones count too; a login that nobody has is counted like any other. What somebody
-- types as a login may be their password, so there are hashes only.
create table identity_attempt (
    login_hash bytea not null,
    address bytea not null,
    failures integer not null,
    waits_until timestamptz,
    -- Since when logins from there were good, if they were.
    known_since timestamptz,
    seen_at timestamptz not null,
    primary key (login_hash, address)
);

create table identity_recovery_code (
    user_id uuid not null references identity_user on delete cascade,
    hash bytea not null,
    primary key (user_id, hash)
);

create table identity_client (
    id text collate "C" primary key,
    name text not null,
    kind text not null check (kind in ('public', 'symmetric', 'asymmetric')),
    secret_hash bytea,
    -- A JSON Web Key Set, or where it is published.
    jwks text,
    jwks_uri text,
    redirect_uris text[] not null,
    launch_uri text,
    -- The most it is ever granted.
    scopes text not null,
    -- Nobody here has looked at it: it is forgotten where nobody uses it.
    is_self_registered boolean not null default false,
    created_at timestamptz not null,
    check (case kind
        when 'public' then secret_hash is null and jwks is null and jwks_uri is null
        when 'symmetric' then secret_hash is not null and jwks is null and jwks_uri is null
        else secret_hash is null and (jwks is null) <> (jwks_uri is null) end)
);

create table identity_session (
    hash bytea primary key,
    user_id uuid not null references identity_user on delete cascade,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    authenticated_at timestamptz not null,
    methods text[] not null,
    epoch integer not null
);
create index identity_session_of on identity_session (user_id);

-- What one person has let one client do, or a client does by itself. Tokens come and go, this stays.
create table identity_grant (
    id uuid primary key,
    client_id text collate "C" not null references identity_client on delete cascade,
    user_id uuid references identity_user on delete cascade,
    -- The session it ends with; null where it outlives it.
    session bytea,
    scopes text not null,
    patient text collate "C",
    encounter text collate "C",
    -- 'Type/id', or 'Type/id role'.
    fhir_context text[] not null,
    authenticated_at timestamptz not null,
    methods text[] not null,
    acr text,
    epoch integer not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index identity_grant_of on identity_grant (user_id);

create table identity_code (
    hash bytea primary key,
    grant_id uuid not null references identity_grant on delete cascade,
    redirect_uri text not null,
    -- BASE64URL(SHA256(verifier)).
    challenge text not null,
    nonce text,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index identity_code_of on identity_code (grant_id);

create table identity_token (
    hash bytea primary key,
    grant_id uuid not null references identity_grant on delete cascade,
    kind text not null check (kind in ('access', 'refresh')),
    scopes text not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    -- When a refresh token was exchanged: shown again, it ends the grant.
    used_at timestamptz
);
create index identity_token_of on identity_token (grant_id);

-- Assertions of clients that were shown, until they expire.
create table identity_assertion (
    client_id text collate "C" not null,
    jti_hash bytea not null,
    expires_at timestamptz not null,
    primary key (client_id, jti_hash)
);

-- What an EHR has prepared for an app that it starts.
create table identity_launch (
    hash bytea primary key,
    user_id uuid not null references identity_user on delete cascade,
    client_id text collate "C" references identity_client on delete cascade,
    patient text collate "C",
    encounter text collate "C",
    fhir_context text[] not null,
    expires_at timestamptz not null
);

-- Keys that sign ID tokens, newest first. An old one stays published until nothing it signed is still valid.
create table identity_key (
    kid text collate "C" primary key,
    algorithm text not null check (algorithm in ('RS256', 'ES384')),
    -- Sealed with a key that is not here.
    private_key bytea not null,
    created_at timestamptz not null
);
