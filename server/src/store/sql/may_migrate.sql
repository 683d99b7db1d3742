-- whether this connection could make tables
select has_schema_privilege(current_schema(), 'create')
