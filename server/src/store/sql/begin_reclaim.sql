-- what is claimed again meanwhile is not given to blocks
select set_config('vesta.claims', 'made again', true)
