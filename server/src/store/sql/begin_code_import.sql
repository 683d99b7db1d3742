-- one that was broken off, or a new one
select tid, stage, pieces, digest, concepts, built, lost from begin_code_import($1, $2, $3, $4)
