-- the strings a resource is found by, and their letters as the statements take them
select parameter, folded, grams::text from index_string where rid = $1
