-- see the function in migrations/0018_slots.sql
select 1 from (select keep_calendars($1, $2, $3)) as kept
