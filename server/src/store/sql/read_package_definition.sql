-- what a package defines under a key
select content from package_definition where resource_type = $1 and id = $2
