//! `/introspect` and `/revoke`: what becomes of a token, for the client it was given to
//! (<https://www.rfc-editor.org/rfc/rfc7662>, <https://www.rfc-editor.org/rfc/rfc7009>).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Answered, Refusal, json_with};
use super::audited::Told;
use super::{Asked, Identity, client, secret};
use crate::auth::CertificateThumbprint;
use crate::store::{ClientKind, KnownToken};

/// What a token stands for. A token of another client is like one that never was.
pub(super) async fn introspect(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    client::shown(asked, &form)?;
    let client = client::authenticated(identity, asked, &form).await?;
    if matches!(client.kind, ClientKind::Public) {
        return Err(Refusal::client(
            "introspection is for clients that prove who they are",
        ));
    }
    let hash = secret::hash(form.need("token")?);
    let known = identity.store.identity_token(hash, asked.now).await?;
    let own = known.filter(|token| token.granted.client_id == client.id);
    let body = match own {
        Some(token) => described(identity, &token),
        None => json!({"active": false}),
    };
    Ok(json_with(StatusCode::OK, &body))
}

fn described(identity: &Identity, token: &KnownToken) -> Value {
    let mut body = Map::new();
    let mut add = |name: &str, value: Value| body.insert(name.to_owned(), value);
    add("active", json!(true));
    add("scope", json!(token.scopes.to_string()));
    add("client_id", json!(token.granted.client_id));
    add("token_type", json!("Bearer"));
    add("iat", json!(token.issued_at.as_second()));
    add("exp", json!(token.expires.as_second()));
    add("iss", json!(&*identity.settings.base_url));
    if let Some(user) = &token.granted.user {
        add("sub", json!(user.id.to_string()));
        add("username", json!(user.login));
        add(
            "fhirUser",
            json!(identity.url(&format!("/{}", user.fhir_user))),
        );
    }
    if let Some(patient) = &token.granted.launch.patient {
        add("patient", json!(patient.as_str()));
    }
    if let Some(encounter) = &token.granted.launch.encounter {
        add("encounter", json!(encounter.as_str()));
    }
    if let Some(CertificateThumbprint(own)) = token.certificate {
        add("cnf", json!({"x5t#S256": URL_SAFE_NO_PAD.encode(own)}));
    }
    Value::Object(body)
}

/// Ends a token. Whether there was one is nobody's business, so the answer is always the same.
pub(super) async fn revoke(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let client = client::authenticated(identity, asked, &form).await?;
    let hash = secret::hash(form.need("token")?);
    let store = identity.told(asked, Told::of("token-revoked").client(&client.id));
    let revoked = store.revoke_identity_token(hash, &client.id, asked.now);
    revoked.await?;
    Ok(json_with(StatusCode::OK, &json!({})))
}
