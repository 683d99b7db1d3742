-- see the function in migrations/0018_slots.sql
select 1 from (select pass_blocks($1, $2, $3)) as passed
