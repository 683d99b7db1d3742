-- which definitions are current, and how often the state of the search values and the stored profiles have changed
select g.generation, g.revision, g.built_in, p.revision as profiles from search_generation g, stored_profile_state p
