-- some concepts at a time: no transaction is long
select build_code_import($1, $2, $3)
