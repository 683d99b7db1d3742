-- what an EHR has prepared
insert into identity_launch (hash, user_id, client_id, patient, encounter, fhir_context, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
