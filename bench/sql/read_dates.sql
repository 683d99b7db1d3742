-- the periods a resource is found by
select parameter, lower, upper, is_long from index_date where rid = $1
