-- see the function in migrations/0004_write_search.sql
select reached, walked, horizon::text as horizon from begin_index_walk($1, $2, $3)
