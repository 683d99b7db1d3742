-- for a connection that does long work and nothing else
select set_config('statement_timeout', '0', false), set_config('work_mem', '64MB', false)
