-- versions of one resource, newest first, from below a version; a version counts for a period [at_lower, at_upper) when
-- it was current at some moment of it
with versions as (
    select version_id, last_updated, method, exact, json, null::timestamptz as superseded
      from resource where resource_type = $1 and id = $2
    union all
    select h.version_id, h.last_updated, h.method, h.exact, h.json,
           coalesce((select n.last_updated from resource_history n
                      where n.resource_type = $1 and n.id = $2 and n.version_id = h.version_id + 1),
                    (select r.last_updated from resource r where r.resource_type = $1 and r.id = $2))
      from resource_history h where h.resource_type = $1 and h.id = $2
)
select $1 as resource_type, $2 as id, version_id, last_updated, method, coalesce(exact, json::text) as content, version_id as seq
  from versions
 where ($3::bigint is null or version_id < $3)
   and ($4::timestamptz is null or last_updated >= $4)
   and ($5::timestamptz is null or (last_updated < $6 and (superseded is null or superseded > $5)))
   /* confined: and exists (select from resource r where r.resource_type = $1 and r.id = $2 and not r.deleted and <rows of r>) */
 order by version_id desc
 limit $7
