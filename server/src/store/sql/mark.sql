-- what follows may be taken back
savepoint mark
