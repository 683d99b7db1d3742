-- of packages: they follow no resource
select count(add_terminology(null, t.resource::jsonb)) from unnest($1::text[]) with ordinality as t(resource, n)
