-- what the server keeps beside one resource, for writing the same again
select r.rid, r.tok, (select generation from search_generation) as generation
  from resource r where r.resource_type = $1 and r.id = $2
