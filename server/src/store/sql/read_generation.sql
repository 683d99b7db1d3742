-- which definitions are current, and how often the state of the search values has changed
select generation, revision, built_in from search_generation
