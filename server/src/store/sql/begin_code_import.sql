-- the key of its concepts, and a table for what comes
select begin_code_import($1, $2, $3, $4)
