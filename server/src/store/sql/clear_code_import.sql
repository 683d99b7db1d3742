-- without a place: the rest
select clear_code_import($1, $2)
