-- once all has come
select twice, concepts, lost from arrange_code_import($1)
