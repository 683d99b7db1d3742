select rid::text as place from ideal.observation where code = $1 order by rid desc offset 1979 limit 1
