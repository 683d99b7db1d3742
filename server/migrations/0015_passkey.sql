-- Passkeys as second factors (server/decisions/0031-passkeys.md).

create table identity_passkey (
    -- The id of the credential, which its authenticator has made.
    id bytea primary key,
    user_id uuid not null references identity_user on delete cascade,
    -- What its person calls it.
    name text not null,
    -- Public key, counter and what else is compared the next time.
    passkey text not null,
    created_at timestamptz not null,
    used_at timestamptz
);
create index identity_passkey_of on identity_passkey (user_id);

-- What was asked of the authenticator of a browser, until it answers: one question at a time for each cookie.
create table identity_ceremony (
    session_hash bytea primary key,
    user_id uuid not null references identity_user on delete cascade,
    is_registration boolean not null,
    state text not null,
    expires_at timestamptz not null
);
