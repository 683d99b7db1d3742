-- a handle starts one app once
delete from identity_launch where hash = $1 returning true
