-- see the function in migrations/0014_scheduling.sql
select 1 from (select pass_claims($1, $2, $3)) as passed
