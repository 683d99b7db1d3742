-- a process sends messages: noted once a minute
insert into message_sender (one, seen) values (true, $1)
on conflict (one) do update set seen = excluded.seen
 where message_sender.seen < excluded.seen - interval '1 minute'
