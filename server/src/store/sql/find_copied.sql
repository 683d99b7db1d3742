-- a row whose nonce another row has, too
select n.seq
  from (select a.seq, a.nonce, lag(a.nonce) over (order by a.nonce, a.seq) as before from audit a) n
 where n.nonce = n.before
 limit 1
