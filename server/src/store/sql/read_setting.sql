-- a value shared by all nodes
select value from setting where name = $1
