-- of two definitions with one key the first stays
insert into package_definition (resource_type, id, url, content)
select d.parsed ->> 'resourceType', d.parsed ->> 'id', d.parsed ->> 'url', d.content
  from (select t.content, t.content::json as parsed, t.n from unnest($1::text[]) with ordinality as t(content, n)) d
 where d.parsed ->> 'id' is not null
 order by d.n
    on conflict do nothing
