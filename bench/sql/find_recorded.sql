-- which of these requests the audit trail has
select distinct request_id from audit where request_id = any ($1)
