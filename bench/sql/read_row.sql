-- what the server keeps beside one resource, for writing the same again
select r.rid, r.tok from resource r where r.resource_type = $1 and r.id = $2
