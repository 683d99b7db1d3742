//! What clients learn before they ask for anything: `smart-configuration`, `openid-configuration`, keys
//! (<https://hl7.org/fhir/smart-app-launch/conformance.html>).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answered, json_with};
use super::{Asked, Identity, keys};
use crate::auth::{ACR_PASSWORD, ACR_SECOND_FACTOR};

/// What this server can do, by SMART's names.
const CAPABILITIES: [&str; 18] = [
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "context-standalone-encounter",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
];

/// Examples of scopes, and all words.
const SCOPES: [&str; 11] = [
    "openid",
    "fhirUser",
    "profile",
    "launch",
    "launch/patient",
    "launch/encounter",
    "offline_access",
    "online_access",
    "patient/*.cruds",
    "user/*.cruds",
    "system/*.cruds",
];

const GRANT_TYPES: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];
const METHODS: [&str; 3] = ["none", "client_secret_basic", "private_key_jwt"];

/// `[base]/.well-known/smart-configuration`
pub(super) fn smart_configuration(identity: &Identity) -> Response<Bytes> {
    let base = &identity.settings.base_url;
    let mut methods = METHODS.to_vec();
    methods.retain(|method| *method != "none");
    published(
        identity,
        json!({
            "issuer": &**base,
            "jwks_uri": identity.url("/auth/jwks"),
            "authorization_endpoint": identity.url("/auth/authorize"),
            "token_endpoint": identity.url("/auth/token"),
            "introspection_endpoint": identity.url("/auth/introspect"),
            "revocation_endpoint": identity.url("/auth/revoke"),
            "management_endpoint": identity.url("/auth/account"),
            "grant_types_supported": GRANT_TYPES,
            "response_types_supported": ["code"],
            "scopes_supported": SCOPES,
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
            "capabilities": CAPABILITIES,
        }),
    )
}

/// `[issuer]/.well-known/openid-configuration` (<https://openid.net/specs/openid-connect-discovery-1_0.html>)
pub(super) fn openid_configuration(identity: &Identity) -> Response<Bytes> {
    let base = &identity.settings.base_url;
    published(
        identity,
        json!({
            "issuer": &**base,
            "jwks_uri": identity.url("/auth/jwks"),
            "authorization_endpoint": identity.url("/auth/authorize"),
            "token_endpoint": identity.url("/auth/token"),
            "introspection_endpoint": identity.url("/auth/introspect"),
            "revocation_endpoint": identity.url("/auth/revoke"),
            "grant_types_supported": GRANT_TYPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "scopes_supported": SCOPES,
            "acr_values_supported": [ACR_PASSWORD, ACR_SECOND_FACTOR],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [identity.settings.id_tokens.name()],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": METHODS,
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "fhirUser", "profile", "name"],
            "authorization_response_iss_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
        }),
    )
}

/// Metadata, with what the settings add to it.
fn published(identity: &Identity, mut metadata: Value) -> Response<Bytes> {
    if identity.settings.knows_certificates {
        metadata["tls_client_certificate_bound_access_tokens"] = json!(true);
    }
    if identity.settings.registration.is_some() {
        metadata["registration_endpoint"] = json!(identity.url("/auth/register"));
    }
    json_with(StatusCode::OK, &metadata)
}

/// The keys that ID tokens are signed with.
pub(super) async fn key_set(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let keys = keys::key_set(identity, asked.now).await?;
    Ok(json_with(StatusCode::OK, &keys))
}

/// The answer to a question of a browser whether an app of another origin may ask.
pub(super) fn preflight() -> Response<Bytes> {
    let mut response = json_with(StatusCode::OK, &json!({}));
    let headers = response.headers_mut();
    for (name, value) in [
        ("access-control-allow-methods", "GET, POST"),
        (
            "access-control-allow-headers",
            "authorization, content-type",
        ),
        ("access-control-max-age", "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
