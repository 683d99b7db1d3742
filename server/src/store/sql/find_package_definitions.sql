-- what packages define of some types under these URLs and ids
select resource_type || '/' || id as key, content from package_definition
 where resource_type = any ($1) and (url = any ($2) or id = any ($3))
