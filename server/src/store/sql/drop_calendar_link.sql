-- no secret leads to the calendar any more
delete from calendar_link where person = $1
