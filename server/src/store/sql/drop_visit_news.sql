-- what is told
delete from visit_news where id = $1
