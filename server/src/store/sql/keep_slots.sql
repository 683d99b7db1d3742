-- see the function in migrations/0018_slots.sql
select 1 from (select keep_slots($1, $2, $3, $4, $5, $6)) as kept
