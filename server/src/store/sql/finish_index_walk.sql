-- see the function in migrations/0004_write_search.sql
select finish_index_walk($1, $2, $3, $4)
