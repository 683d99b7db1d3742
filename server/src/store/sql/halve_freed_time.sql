-- freed time in two: both parts of the statement see the whole of it
with first as (update freed_time set during = tstzrange(lower(during), $2) where id = $1)
insert into freed_time (source, during, due)
select source, tstzrange($2, upper(during)), due from freed_time where id = $1
