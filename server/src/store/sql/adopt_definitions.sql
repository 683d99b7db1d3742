-- see the function in migrations/0004_write_search.sql
select adopt_definitions($1, $2, $3)
