-- the numbers and quantities a resource is found by, as the statements take them
select parameter, lower::text, upper::text, units::text from index_number where rid = $1
