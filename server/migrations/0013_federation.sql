-- People who log in at another OpenID Connect provider (server/decisions/0026-federation.md).

-- The account of somebody whom a provider vouches for. It is found by nothing but the two: a subject is only its issuer's.
create table identity_federated_user (
    issuer text collate "C" not null,
    subject text collate "C" not null,
    user_id uuid not null unique references identity_user on delete cascade,
    primary key (issuer, subject)
);

-- Browsers that were sent to a provider, until they come back. What is only theirs, and what proves it to the provider, is
-- made of the cookie and the state: there are hashes of both here.
create table identity_departure (
    state_hash bytea primary key,
    browser_hash bytea not null,
    provider text collate "C" not null,
    -- The query of the app's request; empty where somebody wants to see their account.
    request text not null,
    departed_at timestamptz not null,
    expires_at timestamptz not null
);
