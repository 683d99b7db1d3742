select setval(format('%I.%I', $1, $2)::regclass, $3)
