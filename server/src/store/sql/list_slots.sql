-- Slots of a Schedule that have some of some times, each once, in order
select distinct s.during, s.slot, lower(s.during) as lower, upper(s.during) as upper, s.status
  from unnest($2::timestamptz[], $3::timestamptz[]) as w(lower, upper)
  join slot_time s on s.schedule = $1 and s.during && tstzrange(w.lower, w.upper)
 order by s.during, s.slot
