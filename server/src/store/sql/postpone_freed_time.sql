-- looking for who waits has failed: once more later, ever more seldom, and in the end no more
with given_up as (delete from freed_time where id = $1 and tries >= 9)
update freed_time set tries = tries + 1, due = $2::timestamptz + interval '10 seconds' * power(2, tries)
 where id = $1 and tries < 9
