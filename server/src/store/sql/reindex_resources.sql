-- see the function in migrations/0002_write.sql
select reindex_resources($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
