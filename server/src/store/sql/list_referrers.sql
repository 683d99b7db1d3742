-- current resources that have one of the elements, newest first; the elements choose the rows before the order does, so
-- that no plan walks the table for a few of them
with found as materialized (
    select rid from resource where tok && $1 and not deleted /* confined: and <rows of resource> */
)
select r.resource_type, r.id, r.version_id, r.last_updated, r.method, coalesce(r.exact, r.json::text) as content
  from found f join resource r on r.rid = f.rid and not r.deleted
 order by f.rid desc limit $2
