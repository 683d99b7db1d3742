-- what stands behind the secret of a link in a message
select appointment, patient, kind, starts, told, language, expires_at
  from reply_link where secret = $1 and expires_at > $2
