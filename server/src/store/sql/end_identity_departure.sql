-- a browser is back, once, whatever it brings
delete from identity_departure
 where state_hash = $1 and browser_hash = $2 and provider = $3 and expires_at > $4
returning request, departed_at
