-- the profiles that are stored, in the order of their creation
select id, version_id from stored_profile order by rid limit $1
