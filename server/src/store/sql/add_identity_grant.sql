-- made with the consent, or when a client acts by itself
insert into identity_grant
       (id, client_id, user_id, session, scopes, patient, encounter, fhir_context, authenticated_at, methods, acr,
        created_at, expires_at, epoch)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
