-- calendars of these that are booked by Slots
select distinct schedule from slot_calendar where actor = any ($1) order by 1
