-- where numbers of new rows go on after a restore
select setval(format('%I.%I', $1, $2)::regclass, $3)
