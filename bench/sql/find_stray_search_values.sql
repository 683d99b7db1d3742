-- search values whose resource is deleted or not there, and lists of elements that are not as the elements are
select 'row ' || rid
  from (select rid from index_string union select rid from index_date union select rid from index_number
         union select rid from index_position union select rid from index_text) v
 where not exists (select from resource r where r.rid = v.rid and not r.deleted)
union all
select 'element ' || l.element || ' of row ' || l.rid
  from index_element l
 where not exists (select from resource r where r.rid = l.rid and not r.deleted and l.element = any (r.tok))
union all
select 'element ' || l.element || ' of row ' || l.rid || ', twice'
  from index_element l group by l.element, l.rid having count(*) > 1
union all
select 'row ' || r.rid || ' without its element ' || e.element
  from resource r cross join unnest(r.tok) as e(element)
 where is_listed(e.element)
   and not exists (select from index_element l where l.element = e.element and l.rid = r.rid)
 limit 100
