-- see the function in migrations/0004_write_search.sql; what was deleted is in the audit trail with its version
with done as materialized (
    select n, verdict, version_id, last_updated, referrers from delete_resources($1, $2, $3, $4, $5)
), audited as materialized (
    select add_audit($6::json, array_agg(case when verdict = 'deleted' then version_id end order by n)) as rows from done
)
select n, verdict, version_id, last_updated, referrers from done cross join audited
