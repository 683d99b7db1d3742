-- the active SearchParameters that are stored, in the order of their creation: the first of a code counts. Drafts, of which a
-- package may bring hundreds, have no effect
select id, coalesce(exact, json::text) as content from resource
 where resource_type = 'SearchParameter' and not deleted and json ->> 'status' = 'active' order by rid
