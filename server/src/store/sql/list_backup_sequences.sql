-- a sequence that gave out nothing yet has no last value
select schemaname::text as schema, sequencename::text as name, last_value
  from pg_sequences where last_value is not null order by schemaname, sequencename
