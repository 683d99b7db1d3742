-- search values whose resource is deleted or not there
select 'row ' || rid
  from (select rid from index_string union select rid from index_date union select rid from index_number
         union select rid from index_position union select rid from index_text) v
 where not exists (select from resource r where r.rid = v.rid and not r.deleted)
 limit 100
