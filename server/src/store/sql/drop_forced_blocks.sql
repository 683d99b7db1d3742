-- blocks that are written anew, or are none any more
delete from forced_block where source = any ($1)
