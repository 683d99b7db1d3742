-- see the function in migrations/0017_passing.sql
select resource_type, id, content from read_actors($1, $2)
