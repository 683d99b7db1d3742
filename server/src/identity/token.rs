//! `/token`: codes, refresh tokens and the credentials of clients become access tokens
//! (<https://hl7.org/fhir/smart-app-launch/app-launch.html#obtain-access-token>,
//! <https://hl7.org/fhir/smart-app-launch/backend-services.html>).

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Answered, Form, Refusal, is_bounded, json_with};
use super::audited::Told;
use super::{Asked, Identity, client, keys, secret};
use crate::auth::{Authentication, LaunchContext, Scope, ScopeContext, Scopes};
use crate::store::{ClientKind, IdentityClient, IdentityGrant, NewGrant, NewToken, TokenKind};

/// The longest life of the token of a client that acts by itself.
const SYSTEM_LIFE_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Tokens that go out together.
struct Issue<'a> {
    grant: &'a IdentityGrant,
    scopes: Scopes,
    nonce: Option<Box<str>>,
    expires: Timestamp,
    /// What a refresh token that goes with them is good for, and until when. Whoever asks for less once may ask for all
    /// again (<https://www.rfc-editor.org/rfc/rfc6749#section-6>).
    refresh: Option<(Scopes, Timestamp)>,
}

/// Answers a request for tokens.
pub(super) async fn answer(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let client = client::authenticated(identity, asked, &form).await?;
    let body = match form.need("grant_type")? {
        "authorization_code" => by_code(identity, &client, &form, asked).await?,
        "refresh_token" => by_refresh(identity, &client, &form, asked).await?,
        "client_credentials" => by_credentials(identity, &client, &form, asked).await?,
        _ => {
            let known = "grant_type is authorization_code, refresh_token or client_credentials";
            return Err(Refusal::new("unsupported_grant_type", known));
        }
    };
    Ok(json_with(StatusCode::OK, &body))
}

async fn by_code(
    identity: &Identity,
    client: &IdentityClient,
    form: &Form,
    asked: &Asked<'_>,
) -> Answered<Value> {
    let now = asked.now;
    let invalid = |sentence: &str| Refusal::new("invalid_grant", sentence);
    let code = form.need("code")?;
    let redirect_uri = form.need("redirect_uri")?;
    let verifier = form.need("code_verifier")?;
    if !is_verifier(verifier) {
        let wanted = "code_verifier is 43 to 128 of A-Z a-z 0-9 - . _ ~";
        return Err(Refusal::new("invalid_request", wanted));
    }
    // Whatever is wrong with it, a code that was shown is worth nothing any more.
    let used = identity.store.use_identity_code(secret::hash(code), now);
    let used = used.await?.ok_or_else(|| invalid("the code is not good"))?;
    let grant = identity.store.identity_grant(used.grant, now).await?;
    let grant = grant.ok_or_else(|| invalid("the code is not good"))?;
    if used.terms.expires <= now {
        return Err(invalid("the code has expired"));
    }
    if grant.granted.client_id != client.id {
        return Err(invalid("the code was given to another client"));
    }
    if *used.terms.redirect_uri != *redirect_uri {
        return Err(invalid(
            "redirect_uri is not the one of the authorization request",
        ));
    }
    if !secret::same(&secret::challenge(verifier), &used.terms.challenge) {
        return Err(invalid("code_verifier does not belong to code_challenge"));
    }
    let is_refreshable = |scope| grant.scopes.contains(&scope);
    let refreshes = is_refreshable(Scope::OfflineAccess) || is_refreshable(Scope::OnlineAccess);
    let issue = Issue {
        scopes: grant.scopes.clone(),
        nonce: used.terms.nonce,
        expires: (now + identity.settings.access_token).min(grant.expires),
        refresh: refreshes.then(|| (grant.scopes.clone(), grant.expires)),
        grant: &grant,
    };
    issued(identity, issue, asked).await
}

/// A verifier of PKCE (<https://www.rfc-editor.org/rfc/rfc7636#section-4.1>).
fn is_verifier(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(is_allowed)
}

async fn by_refresh(
    identity: &Identity,
    client: &IdentityClient,
    form: &Form,
    asked: &Asked<'_>,
) -> Answered<Value> {
    let now = asked.now;
    let invalid = |sentence: &str| Refusal::new("invalid_grant", sentence);
    let wanted = match form.scope()? {
        Some(text) => Some(all_known(text)?),
        None => None,
    };
    let token = secret::hash(form.need("refresh_token")?);
    let known = identity.store.identity_token(token, now).await?;
    let known = known
        .filter(|known| known.kind == TokenKind::Refresh && known.granted.client_id == client.id);
    // Who asks for too much may ask again, with the same token.
    let within = |granted: &Scopes| {
        // What the client may have at most can have become less since.
        let at_most = granted.limited_to(&client.scopes);
        let scopes = wanted.clone().unwrap_or_else(|| at_most.clone());
        match at_most.covers(&scopes) && !scopes.is_empty() {
            true => Ok(scopes),
            false => Err(Refusal::new(
                "invalid_scope",
                "a refresh may ask for less than was granted, never for more",
            )),
        }
    };
    if let Some(known) = known {
        within(&known.scopes)?;
    }
    // One that is not in force may be one that was exchanged before, which ends the grant.
    let refreshed = identity.store.use_identity_refresh(token, &client.id, now);
    let refreshed = refreshed.await?;
    let refreshed = refreshed.ok_or_else(|| invalid("the refresh token is not good"))?;
    let grant = identity.store.identity_grant(refreshed.grant, now).await?;
    let grant = grant.ok_or_else(|| invalid("what was granted is over"))?;
    if refreshed.expires <= now {
        return Err(invalid("the refresh token has expired"));
    }
    let issue = Issue {
        scopes: within(&refreshed.scopes)?,
        nonce: None,
        expires: (now + identity.settings.access_token).min(grant.expires),
        refresh: Some((refreshed.scopes, refreshed.expires)),
        grant: &grant,
    };
    let mut body = issued(identity, issue, asked).await?;
    // The ID token was for the login.
    if let Some(body) = body.as_object_mut() {
        body.remove("id_token");
    }
    Ok(body)
}

/// Scopes of which each must be understood.
fn all_known(text: &str) -> Answered<Scopes> {
    let parsed = Scopes::parse(text);
    match parsed.dropped.first() {
        None => Ok(parsed.scopes),
        Some(_) => Err(Refusal::new("invalid_scope", "a scope is not known here")),
    }
}

async fn by_credentials(
    identity: &Identity,
    client: &IdentityClient,
    form: &Form,
    asked: &Asked<'_>,
) -> Answered<Value> {
    let now = asked.now;
    if !matches!(client.kind, ClientKind::Jwks(_) | ClientKind::JwksUri(_)) {
        let wanted = "only a client that proves by its own key who it is may act by itself";
        return Err(Refusal::new("unauthorized_client", wanted));
    }
    let wanted = Scopes::parse(form.need_scope()?).scopes;
    let granted: Scopes = wanted
        .limited_to(&client.scopes)
        .iter()
        .filter(|scope| {
            matches!(scope, Scope::Resource(scope) if scope.context == ScopeContext::System)
        })
        .cloned()
        .collect();
    if granted.is_empty() || !is_bounded(&granted.to_string()) {
        let none = "this client may have none of these scopes by itself, or they are too many";
        return Err(Refusal::new("invalid_scope", none));
    }
    let life = identity.settings.access_token.min(SYSTEM_LIFE_MAX);
    let authentication = Authentication {
        at: now,
        methods: vec!["swk".into()],
        acr: None,
    };
    let new = NewGrant {
        id: Uuid::now_v7(),
        client_id: client.id.clone(),
        user: None,
        session: None,
        scopes: granted,
        launch: LaunchContext::default(),
        authentication,
        expires: now + life,
        epoch: 0,
    };
    identity.store.add_identity_grant(&new, None, now).await?;
    let grant = identity.store.identity_grant(new.id, now).await?;
    let gone = || Refusal::new("invalid_grant", "what was granted is over");
    let grant = grant.ok_or_else(gone)?;
    let issue = Issue {
        scopes: new.scopes,
        nonce: None,
        expires: new.expires,
        refresh: None,
        grant: &grant,
    };
    issued(identity, issue, asked).await
}

async fn issued(identity: &Identity, issue: Issue<'_>, asked: &Asked<'_>) -> Answered<Value> {
    let now = asked.now;
    let access = secret::random()?;
    let token = |kind, text: &str, scopes: &Scopes, expires| NewToken {
        hash: secret::hash(text),
        grant: issue.grant.granted.grant,
        kind,
        scopes: scopes.clone(),
        expires,
    };
    let mut tokens = vec![token(
        TokenKind::Access,
        &access,
        &issue.scopes,
        issue.expires,
    )];
    let mut body = Map::new();
    body.insert("access_token".to_owned(), json!(access));
    body.insert("token_type".to_owned(), json!("Bearer"));
    let seconds = issue.expires.duration_since(now).as_secs();
    body.insert("expires_in".to_owned(), json!(seconds));
    body.insert("scope".to_owned(), json!(issue.scopes.to_string()));
    if let Some((scopes, until)) = &issue.refresh {
        let refresh = secret::random()?;
        tokens.push(token(TokenKind::Refresh, &refresh, scopes, *until));
        body.insert("refresh_token".to_owned(), json!(refresh));
    }
    let granted = &issue.grant.granted;
    let told = Told::login("token")
        .under(granted.grant, granted.user.as_ref())
        .client(&granted.client_id);
    let store = identity.told(asked, told);
    store.add_identity_tokens(&tokens, now).await?;
    launched(&issue.grant.granted.launch, &issue.scopes, &mut body);
    if issue.grant.granted.user.is_some() && issue.scopes.contains(&Scope::OpenId) {
        let claims = claims(identity, &issue, now);
        let id_token = keys::signed(identity, &claims, now).await?;
        body.insert("id_token".to_owned(), json!(id_token));
    }
    Ok(Value::Object(body))
}

/// The context of the launch, as parameters beside the token.
fn launched(launch: &LaunchContext, scopes: &Scopes, body: &mut Map<String, Value>) {
    if let Some(patient) = &launch.patient {
        body.insert("patient".to_owned(), json!(patient.as_str()));
        // An app that an EHR has started stands inside its banner.
        let is_alone = !scopes.contains(&Scope::Launch);
        body.insert("need_patient_banner".to_owned(), json!(is_alone));
    }
    if let Some(encounter) = &launch.encounter {
        body.insert("encounter".to_owned(), json!(encounter.as_str()));
    }
    if !launch.fhir_context.is_empty() {
        let entries = launch.fhir_context.iter().map(|entry| match &entry.role {
            Some(role) => json!({"reference": entry.reference.to_string(), "role": role}),
            None => json!({"reference": entry.reference.to_string()}),
        });
        body.insert("fhirContext".to_owned(), entries.collect());
    }
}

/// The claims of an ID token (<https://openid.net/specs/openid-connect-core-1_0.html#IDToken>).
fn claims(identity: &Identity, issue: &Issue<'_>, now: Timestamp) -> Value {
    let mut claims = Map::new();
    let authentication = &issue.grant.granted.authentication;
    let mut add = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    add("iss", json!(&*identity.settings.base_url));
    add("aud", json!(issue.grant.granted.client_id));
    add("iat", json!(now.as_second()));
    add("exp", json!(issue.expires.as_second()));
    add("auth_time", json!(authentication.at.as_second()));
    add("amr", json!(authentication.methods));
    if let Some(acr) = &authentication.acr {
        add("acr", json!(acr));
    }
    if let Some(nonce) = &issue.nonce {
        add("nonce", json!(nonce));
    }
    if let Some(user) = &issue.grant.granted.user {
        add("sub", json!(user.id.to_string()));
        let url = identity.url(&format!("/{}", user.fhir_user));
        if issue.scopes.contains(&Scope::FhirUser) {
            add("fhirUser", json!(url));
        }
        if issue.scopes.contains(&Scope::Profile) {
            add("profile", json!(url));
            add("name", json!(user.name));
        }
    }
    Value::Object(claims)
}
