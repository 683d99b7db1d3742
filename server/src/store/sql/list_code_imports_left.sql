-- those under way are among them
select tid, id from code_import where state <> 'used' order by tid
