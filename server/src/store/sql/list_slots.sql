-- Slots of a Schedule that have some of a time, in order
select slot, lower(during) as lower, upper(during) as upper, status
  from slot_time where schedule = $1 and during && tstzrange($2, $3) order by during, slot
