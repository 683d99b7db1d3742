-- a browser is sent to a provider
insert into identity_departure (state_hash, browser_hash, provider, request, departed_at, expires_at)
values ($1, $2, $3, $4, $5, $6)
