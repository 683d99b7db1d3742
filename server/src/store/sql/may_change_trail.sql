-- whether this connection could change or remove what the audit trail holds
select has_table_privilege('audit', 'update') or has_table_privilege('audit', 'delete')
       or has_table_privilege('audit', 'truncate') or has_table_privilege('audit_chain', 'update')
