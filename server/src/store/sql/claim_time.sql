-- see the function in migrations/0017_passing.sql
select n, kind, lower, upper from claim_time($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) order by n
