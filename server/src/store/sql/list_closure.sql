-- what is new since a version; one row of nothing else where nothing is
select t.version, e.source_system, e.source_code, e.target_system, e.target_code
  from closure_table t
  left join closure_entry e on e.name = t.name and e.added > $2
 where t.name = $1
 order by e.source_system, e.source_code, e.target_code
