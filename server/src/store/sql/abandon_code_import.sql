-- what it has read is of no use
update code_import set state = 'gone' where tid = $1 and state <> 'used'
