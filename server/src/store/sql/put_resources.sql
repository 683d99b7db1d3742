-- see the function in migrations/0004_write_search.sql; what was written is in the audit trail with its version
with done as materialized (
    select n, verdict, version_id, last_updated
      from put_resources($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                         row($14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32,
                             $33, $34)::index_columns)
), audited as materialized (
    select add_audit($35::json, array_agg(case when verdict in ('created', 'updated') then version_id end order by n)) as rows
      from done
)
select n, verdict, version_id, last_updated from done cross join audited
