-- which migrations the database has had, for the head of a backup
select version, checksum, success from _sqlx_migrations order by version
