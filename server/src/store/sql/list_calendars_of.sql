-- the calendars that these Slots are of
select distinct schedule from slot_time where slot = any ($1) order by 1
