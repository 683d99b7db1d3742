-- counts before it judges; nothing comes back while the person has to wait, or is locked
-- from the fifth attempt on each doubles the wait: 30 seconds up to an hour
update identity_user
   set failures = failures + 1,
       locked_until = case when failures >= 4
           then $2::timestamptz + least(power(2, least(failures - 4, 10)) * interval '30 seconds', interval '1 hour') end
 where login = $1 and not is_locked and (locked_until is null or locked_until <= $2)
returning id, login, name, fhir_user, password_hash, totp_secret, locked_until, is_locked
