-- Clients that show a certificate while they connect, and tokens that are bound to it (server/decisions/0039-certificates-of-clients.md).

-- The name, in the subjectAltName of its certificate, of a client that needs one.
alter table identity_client add column certificate_name text;
-- The SHA-256 of the certificate that the holder of a token must show.
alter table identity_token add column certificate bytea check (length(certificate) = 32);
