-- takes back what followed
rollback to savepoint mark
