-- those under way are among them; what was broken off waits a week for somebody who goes on with it
select i.tid, i.id
  from code_import i left join import_progress p using (tid)
 where i.state <> 'used'
   and (i.state = 'gone' or p.tid is null or p.touched < now() - interval '7 days'
        or exists (select from code_import later where later.id = i.id and later.tid > i.tid))
 order by i.tid
