-- see the function in migrations/0014_scheduling.sql
select resource_type, id, content from read_actors($1, $2)
