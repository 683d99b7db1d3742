-- the SearchParameters that are stored, in the order of their creation: the first of a code counts
select id, coalesce(exact, json::text) as content from resource
 where resource_type = 'SearchParameter' and not deleted order by rid
