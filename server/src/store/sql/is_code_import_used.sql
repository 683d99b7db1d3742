-- asked once the CodeSystem is written
select coalesce((select state = 'used' from code_import where tid = $1), false)
