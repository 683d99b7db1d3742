-- the words a resource is found by, as the statements take them, and as they were
select narrative::text, content::text,
       coalesce((select string_agg(w.lexeme, ' ' order by p.place)
                   from unnest(t.narrative) w, unnest(w.positions) as p(place)), '') as narrative_words,
       coalesce((select string_agg(w.lexeme, ' ' order by p.place)
                   from unnest(t.content) w, unnest(w.positions) as p(place)), '') as content_words
  from index_text t where rid = $1
