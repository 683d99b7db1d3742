-- see the function in migrations/0018_slots.sql
select 1 from (select force_blocks($1, $2, $3, $4, $5)) as forced
