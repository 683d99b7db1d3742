-- where numbers of new rows go on after a restore
select setval(format('%I.%I', $1::text, $2::text)::regclass, $3::bigint)
