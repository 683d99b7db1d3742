-- see the function in migrations/0004_write_search.sql
select n, verdict, version_id, last_updated, referrers from delete_resources($1, $2, $3, $4, $5)
