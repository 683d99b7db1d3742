-- the role under which serve works: made once for a cluster, by whichever process comes first
do $$
begin
    if not exists (select from pg_roles where rolname = 'vesta_serve') then
        create role vesta_serve login nosuperuser nocreatedb nocreaterole noreplication;
    end if;
exception when duplicate_object or unique_violation then
    null;
end
$$
