-- rows of the audit trail, of requests that wrote nothing
select add_audit($1::json, null)
