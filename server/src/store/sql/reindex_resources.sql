-- see the function in migrations/0004_write_search.sql
select reindex_resources($1, $2, $3, $4,
                         row($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
                             $25)::index_columns)
