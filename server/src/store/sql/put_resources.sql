-- see the function in migrations/0002_write.sql
select n, verdict, version_id, last_updated
  from put_resources($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
