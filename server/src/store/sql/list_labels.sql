-- Profiles, tags and security labels of current resources, of one type or of all. Looks at $2 resources at most and says
-- how many it looked at, so that a part is never taken for the whole.
with looked as materialized (
    select json -> 'meta' as meta from resource
     where ($1::text is null or resource_type = $1) and not deleted /* confined: and <rows of resource> */
     limit $2
), label as (
    select 'profile' as kind, null::text as system, value #>> '{}' as value, null::text as display
      from looked, jsonb_path_query(meta, 'lax $.profile[*]') as value
    union all
    select 'security', value ->> 'system', value ->> 'code', value ->> 'display'
      from looked, jsonb_path_query(meta, 'lax $.security[*]') as value
    union all
    select 'tag', value ->> 'system', value ->> 'code', value ->> 'display'
      from looked, jsonb_path_query(meta, 'lax $.tag[*]') as value
), summary as (
    select kind, system, value, min(display) as display from label
     where value is not null
     group by kind, system, value
     order by kind, system collate "C" nulls first, value collate "C"
     limit $3
)
select l.resources, s.kind, s.system, s.value, s.display
  from (select count(*) as resources from looked) as l left join summary as s on true
