-- for the person and the client it was prepared for
select patient, encounter, fhir_context from identity_launch
 where hash = $1 and user_id = $2 and (client_id is null or client_id = $3) and expires_at > $4
