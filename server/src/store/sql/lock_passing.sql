-- waits for whoever books by a role or a schedule that is about to be somebody else's; they wait for the end of this transaction
select pg_advisory_xact_lock(l.number)
  from (select distinct hashtextextended(k.key, 1) as number from unnest($1::text[]) as k(key) order by 1) l
