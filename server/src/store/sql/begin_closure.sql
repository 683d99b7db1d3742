-- in the place of a table of that name
select begin_closure($1)
