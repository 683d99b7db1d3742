-- how far the search values of each type are computed
select resource_type, complete, target, walked, expected, fault from search_index order by resource_type
