-- whose calendar stands behind a secret
select person from calendar_link where secret = $1
