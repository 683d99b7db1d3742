-- what packages have brought so far
delete from package_definition
