-- asked once the CodeSystem is written: then nobody goes on with it
with over as (
    delete from import_progress p using code_import i where p.tid = $1 and i.tid = $1 and i.state = 'used'
)
select coalesce((select state = 'used' from code_import where tid = $1), false)
