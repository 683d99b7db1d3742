-- null where the login is taken
insert into identity_user (id, login, name, fhir_user, password_hash, created_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (login) do nothing returning id
