-- the strings a resource is found by
select parameter, folded from index_string where rid = $1
