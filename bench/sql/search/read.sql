select coalesce(r.exact, r.json::text) as content from resource r where r.resource_type = 'Observation' and r.id = $1
