-- the periods a resource is found by
select parameter, lower, upper from index_date where rid = $1
