-- what new codes of a table may be related to
select distinct system from closure_concept where name = $1
