-- false where what it would fill in is there already
select begin_package_terminology($1)
