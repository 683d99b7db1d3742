-- the time is the database's, like every other time in the backup
select current_setting('server_version') as postgresql, now()::text as taken_at
