-- whether no resource was ever stored
select not exists (select from resource) as is_empty
