-- counts before it judges; false while whoever asks has to wait. From the 5th failure from an address on, and from the 50th
-- from all addresses together, each doubles the wait: 30 seconds up to an hour. Strangers make nobody wait who asks from where
-- they have logged in before.
with near as (
    insert into identity_attempt as a (login_hash, address, failures, seen_at) values ($1, $2, 1, $3)
    on conflict (login_hash, address) do update
       set failures = a.failures + 1, seen_at = $3,
           waits_until = case when a.failures >= 4
               then $3::timestamptz + least(power(2, least(a.failures - 4, 10)) * interval '30 seconds', interval '1 hour') end
     where a.waits_until is null or a.waits_until <= $3
    returning known_since
), far as (
    insert into identity_attempt as a (login_hash, address, failures, seen_at) select $1, '', 1, $3 from near
    on conflict (login_hash, address) do update
       set failures = a.failures + 1, seen_at = $3,
           waits_until = case when a.failures >= 49
               then $3::timestamptz + least(power(2, least(a.failures - 49, 10)) * interval '30 seconds', interval '1 hour') end
     where a.waits_until is null or a.waits_until <= $3
    returning true
)
select exists (select from near) and (exists (select from far) or exists (select from near where known_since is not null))
