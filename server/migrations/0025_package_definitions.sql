-- What packages define, as the resources they bring: filled in with their terminology, read and searched by url and id, and
-- changed by nobody. What is stored under the same key or url counts in its place.
create table package_definition (
    resource_type text collate "C" not null,
    id text collate "C" not null,
    url text collate "C",
    content text not null,
    primary key (resource_type, id)
);
create index package_definition_url on package_definition (url);

-- What was filled in before is filled in again, with these.
update terminology_state set packages = '';

select grant_serve(rolname) from pg_roles where rolname = 'vesta_serve';
