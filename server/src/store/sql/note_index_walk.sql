-- how far a walk has come; nothing where it has been given up for other definitions
update search_index set reached = $3, walked = $4, fault = $5 where resource_type = $1 and target = $2
