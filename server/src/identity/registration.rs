//! `/register`: apps register themselves, where a setting says for what at most
//! (<https://www.rfc-editor.org/rfc/rfc7591>). Such an app acts for people alone, and each of them is told that nobody here knows it.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answered, Refusal, json_with};
use super::audited::Told;
use super::{Asked, Identity};
use crate::accounts::{NewClient, NewClientKind, checked, is_redirect_uri};
use crate::auth::is_bounded;
use crate::auth::{Scope, ScopeContext, Scopes, network};

/// Registrations from one address, each minute.
pub(super) const EACH_MINUTE: u32 = 5;
/// Most redirect URIs of an app, and the longest of them and of its name.
const URIS_MAX: usize = 10;
const LETTERS_MAX: usize = 500;
const NAME_LETTERS_MAX: usize = 80;
/// The longest set of keys.
const KEYS_BYTES_MAX: usize = 8192;
/// What an app may be granted by; a system is registered by who administers this server.
const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];

/// What an app says of itself. What is not known here is ignored, as the RFC has it.
#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    redirect_uris: Vec<String>,
    client_name: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    scope: Option<String>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    software_statement: Option<Value>,
}

fn invalid(sentence: impl Into<String>) -> Refusal {
    Refusal::new("invalid_client_metadata", sentence)
}

/// Whether an app that registers itself may have such scopes at all: none of a system.
pub(super) fn may_be_registered(scopes: &Scopes) -> bool {
    !scopes.is_empty() && !scopes.has_context(ScopeContext::System)
}

/// `POST /auth/register`
pub(super) async fn register(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let Some(at_most) = &identity.settings.registration else {
        return Err(Refusal::OAuth {
            status: StatusCode::NOT_FOUND,
            error: "invalid_request",
            description: "Apps do not register themselves here.".to_owned(),
        });
    };
    let media_type = asked.header(CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(invalid("the body must be application/json"));
    }
    let said: Metadata = serde_json::from_slice(asked.body)
        .map_err(|_| invalid("the body is not an object of client metadata"))?;
    let method = method(&said)?.to_owned();
    let (new, scopes) = wanted(said, &method, at_most)?;
    let address = network(asked.address);
    let pace = identity.registrations.take(&address, asked.now);
    pace.map_err(|_| Refusal::OAuth {
        status: StatusCode::TOO_MANY_REQUESTS,
        error: "temporarily_unavailable",
        description: "there were too many registrations from there: try again in a minute"
            .to_owned(),
    })?;
    let (mut client, shown) = checked(new).map_err(|error| invalid(error.to_string()))?;
    client.is_self_registered = true;
    let store = identity.told(asked, Told::of("client-added").client(&client.id));
    if !store.add_identity_client(&client, asked.now).await? {
        return Err(Refusal::OAuth {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error: "temporarily_unavailable",
            description: "too many apps have registered themselves".to_owned(),
        });
    }
    let mut body = json!({
        "client_id": client.id,
        "client_id_issued_at": asked.now.as_second(),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": method,
        "grant_types": grant_types(&scopes),
        "response_types": ["code"],
        "scope": scopes.to_string(),
    });
    if let Some(secret) = shown {
        body["client_secret"] = json!(secret);
        body["client_secret_expires_at"] = json!(0);
    }
    Ok(created(&body))
}

fn created(body: &Value) -> Response<Bytes> {
    json_with(StatusCode::CREATED, body)
}

fn grant_types(scopes: &Scopes) -> &'static [&'static str] {
    let refreshes = [Scope::OfflineAccess, Scope::OnlineAccess];
    match refreshes.iter().any(|scope| scopes.contains(scope)) {
        true => &GRANT_TYPES,
        false => &GRANT_TYPES[..1],
    }
}

/// How the app proves who it is.
fn method(said: &Metadata) -> Answered<&str> {
    let has_keys = said.jwks.is_some() || said.jwks_uri.is_some();
    match said.token_endpoint_auth_method.as_deref() {
        None if has_keys => Ok("private_key_jwt"),
        None => Ok("client_secret_basic"),
        Some("private_key_jwt") if has_keys => Ok("private_key_jwt"),
        Some(own @ ("none" | "client_secret_basic")) if !has_keys => Ok(own),
        Some(_) => Err(invalid(
            "token_endpoint_auth_method is none, client_secret_basic, or private_key_jwt with jwks or jwks_uri",
        )),
    }
}

/// Letters that change how others look, or have no look at all: they could make a name seem another.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Keys that are worth keeping.
fn short(jwks: &Value) -> Answered<String> {
    let text = jwks.to_string();
    match text.len() <= KEYS_BYTES_MAX {
        true => Ok(text),
        false => Err(invalid("jwks has 8192 bytes at most")),
    }
}

/// The client that it asks to be, and its scopes.
fn wanted(said: Metadata, method: &str, at_most: &Scopes) -> Answered<(NewClient, Scopes)> {
    if said.software_statement.is_some() {
        let unread = "software statements are not read here";
        return Err(Refusal::new("unapproved_software_statement", unread));
    }
    let is_known = |own: &String| GRANT_TYPES.contains(&own.as_str());
    if said
        .grant_types
        .is_some_and(|own| !own.iter().all(is_known))
    {
        return Err(invalid(
            "grant_types are authorization_code and refresh_token",
        ));
    }
    if said.response_types.is_some_and(|own| own != ["code"]) {
        return Err(invalid("response_types is code"));
    }
    let uris = said.redirect_uris;
    let is_right = |uri: &String| uri.len() <= LETTERS_MAX && is_redirect_uri(uri);
    if !(1..=URIS_MAX).contains(&uris.len()) || !uris.iter().all(is_right) {
        let wanted = "redirect_uris are 1 to 10 absolute URIs without a fragment, by https or from the person's own machine";
        return Err(Refusal::new("invalid_redirect_uri", wanted));
    }
    let name = said.client_name.unwrap_or_default().trim().to_owned();
    let letters = name.chars().count();
    if !(1..=NAME_LETTERS_MAX).contains(&letters) || name.chars().any(is_unseen) {
        return Err(invalid("client_name has 1 to 80 letters"));
    }
    let kind = match (method, said.jwks, said.jwks_uri) {
        ("none", _, _) => NewClientKind::Public,
        ("client_secret_basic", _, _) => NewClientKind::Secret,
        (_, Some(jwks), None) => NewClientKind::Jwks(short(&jwks)?),
        (_, None, Some(uri)) if uri.len() <= LETTERS_MAX => NewClientKind::JwksUri(uri),
        _ => return Err(invalid("there is one of jwks and jwks_uri")),
    };
    let scopes = match &said.scope {
        Some(text) if !is_bounded(text) => {
            return Err(invalid("there are too many scopes"));
        }
        Some(text) => Scopes::parse(text).scopes.limited_to(at_most),
        None => at_most.clone(),
    };
    if !may_be_registered(&scopes) {
        return Err(invalid(
            "an app that registers itself may have none of these scopes",
        ));
    }
    let new = NewClient {
        certificate_name: None,
        id: None,
        name,
        kind,
        redirect_uris: uris,
        launch_uri: None,
        scopes: scopes.to_string(),
    };
    Ok((new, scopes))
}
