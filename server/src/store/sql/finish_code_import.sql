-- from here on the CodeSystem may take the concepts
select finish_code_import($1)
