-- time that somebody had and has no more, as far as it is still to come
insert into freed_time (source, during, due)
select f.source, tstzrange(greatest(f.lower, $4), f.upper), $4
  from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as f(source, lower, upper)
 where f.upper > $4 and f.lower < f.upper
