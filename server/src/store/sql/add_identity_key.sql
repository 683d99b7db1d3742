-- unless there is a young one of this algorithm already, sealed with the same key
insert into identity_key (kid, private_key, created_at, algorithm)
select $1, $2, $3, $5
 where not exists (select from identity_key
                    where created_at > $4 and algorithm = $5 and substring(private_key for octet_length($6::bytea)) = $6::bytea)
