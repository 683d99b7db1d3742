-- see the function in migrations/0004_write_search.sql
select declare_search_index($1, $2, $3, $4)
