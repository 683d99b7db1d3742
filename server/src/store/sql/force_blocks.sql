-- see the function in migrations/0021_forced_blocks.sql
select 1 from (select force_blocks($1, $2, $3, $4)) as forced
