-- which of these Slots are blocks over visits
select distinct source from forced_block where source = any ($1)
