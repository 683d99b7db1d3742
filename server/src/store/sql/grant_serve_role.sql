-- where there is that role
select grant_serve(rolname) from pg_roles where rolname = 'vesta_serve'
