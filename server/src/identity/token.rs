//! `/token`: codes, refresh tokens and the credentials of clients become access tokens
//! (<https://hl7.org/fhir/smart-app-launch/app-launch.html#obtain-access-token>,
//! <https://hl7.org/fhir/smart-app-launch/backend-services.html>).

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Answered, Form, Refusal, json_with};
use super::audited::Told;
use super::{Asked, Identity, client, keys, secret};
use crate::auth::is_bounded;
use crate::auth::{
    Authentication, CertificateThumbprint, LaunchContext, Scope, ScopeContext, Scopes,
};
use crate::error::Result;
use crate::store::{
    ClientKind, Granted, IdentityClient, NewGrant, NewToken, ReusedGrant, SecretHash, TokenKind,
};

/// The longest life of the token of a client that acts by itself.
const SYSTEM_LIFE_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Tokens that go out together.
struct Issue<'a> {
    granted: &'a Granted,
    /// What they are bound to.
    certificate: Option<CertificateThumbprint>,
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
    let hash = secret::hash(code);
    let Some(used) = identity.store.use_identity_code(hash, now).await? else {
        let reused = identity.store.identity_reused(hash).await?;
        end_reused(identity, asked, "code-reused", reused).await?;
        return Err(invalid("the code is not good"));
    };
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
        certificate: client::bound_to(client, asked),
        scopes: grant.scopes.clone(),
        nonce: used.terms.nonce,
        expires: (now + identity.settings.access_token).min(grant.expires),
        refresh: refreshes.then(|| (grant.scopes.clone(), grant.expires)),
        granted: &grant.granted,
    };
    let (tokens, body) = issue.made(now)?;
    let store = identity.told(asked, issue.told());
    store.add_identity_tokens(&tokens, now).await?;
    answered(identity, &issue, body, now).await
}

/// Ends all that came of a code or a refresh token which is shown for the second time, and says so.
async fn end_reused(
    identity: &Identity,
    asked: &Asked<'_>,
    code: &'static str,
    reused: Option<ReusedGrant>,
) -> Answered<()> {
    let Some(reused) = reused else {
        return Ok(());
    };
    let told = Told::of(code)
        .under(reused.grant, reused.user.as_ref())
        .client(&reused.client_id)
        .refused(400, "it was shown before: all that came of it has ended");
    let store = identity.told(asked, told);
    Ok(store.end_identity_grant(reused.grant, asked.now).await?)
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
    let wanted = match form.scope()? {
        Some(text) => Some(all_known(text)?),
        None => None,
    };
    let token = secret::hash(form.need("refresh_token")?);
    let known = identity.store.identity_token(token, now).await?;
    let known = known
        .filter(|known| known.kind == TokenKind::Refresh && known.granted.client_id == client.id);
    // One that is not in force may be one that was exchanged before.
    let Some(known) = known else {
        return Err(not_exchanged(identity, client, token, asked).await?);
    };
    // What the client may have at most can have become less since.
    let at_most = known.scopes.limited_to(&client.scopes);
    let scopes = wanted.unwrap_or_else(|| at_most.clone());
    if !at_most.covers(&scopes) || scopes.is_empty() {
        // Who asks for too much may ask again, with the same token.
        return Err(Refusal::new(
            "invalid_scope",
            "a refresh may ask for less than was granted, never for more",
        ));
    }
    let issue = Issue {
        certificate: client::bound_to(client, asked),
        scopes,
        nonce: None,
        expires: (now + identity.settings.access_token).min(known.expires),
        refresh: Some((known.scopes, known.expires)),
        granted: &known.granted,
    };
    let (tokens, mut body) = issue.made(now)?;
    let store = identity.told(asked, issue.told());
    let exchanged = store.exchange_identity_refresh(token, &client.id, &tokens, now);
    if !exchanged.await? {
        return Err(not_exchanged(identity, client, token, asked).await?);
    }
    launched(&known.granted.launch, &issue.scopes, &mut body);
    // The ID token was for the login.
    Ok(Value::Object(body))
}

/// A refresh token that is not good. One that this client has exchanged before ends the grant.
async fn not_exchanged(
    identity: &Identity,
    client: &IdentityClient,
    token: SecretHash,
    asked: &Asked<'_>,
) -> Answered<Refusal> {
    let reused = identity.store.identity_reused(token).await?;
    let own = reused.filter(|reused| reused.client_id == client.id);
    end_reused(identity, asked, "refresh-reused", own).await?;
    Ok(Refusal::new(
        "invalid_grant",
        "the refresh token is not good",
    ))
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
        certificate: client::bound_to(client, asked),
        scopes: new.scopes,
        nonce: None,
        expires: new.expires,
        refresh: None,
        granted: &grant.granted,
    };
    let (tokens, body) = issue.made(now)?;
    let store = identity.told(asked, issue.told());
    store.add_identity_tokens(&tokens, now).await?;
    answered(identity, &issue, body, now).await
}

impl Issue<'_> {
    /// The tokens, and the answer that gives them.
    fn made(&self, now: Timestamp) -> Result<(Vec<NewToken>, Map<String, Value>)> {
        let access = secret::random()?;
        let token = |kind, text: &str, scopes: &Scopes, expires| NewToken {
            hash: secret::hash(text),
            grant: self.granted.grant,
            kind,
            scopes: scopes.clone(),
            certificate: self.certificate,
            expires,
        };
        let mut tokens = vec![token(
            TokenKind::Access,
            &access,
            &self.scopes,
            self.expires,
        )];
        let mut body = Map::new();
        body.insert("access_token".to_owned(), json!(access));
        body.insert("token_type".to_owned(), json!("Bearer"));
        let seconds = self.expires.duration_since(now).as_secs();
        body.insert("expires_in".to_owned(), json!(seconds));
        body.insert("scope".to_owned(), json!(self.scopes.to_string()));
        if let Some((scopes, until)) = &self.refresh {
            let refresh = secret::random()?;
            tokens.push(token(TokenKind::Refresh, &refresh, scopes, *until));
            body.insert("refresh_token".to_owned(), json!(refresh));
        }
        Ok((tokens, body))
    }

    /// What the trail says of them.
    fn told(&self) -> Told {
        Told::login("token")
            .under(self.granted.grant, self.granted.user.as_ref())
            .client(&self.granted.client_id)
    }
}

/// The whole answer of a first exchange.
async fn answered(
    identity: &Identity,
    issue: &Issue<'_>,
    mut body: Map<String, Value>,
    now: Timestamp,
) -> Answered<Value> {
    launched(&issue.granted.launch, &issue.scopes, &mut body);
    if issue.granted.user.is_some() && issue.scopes.contains(&Scope::OpenId) {
        let claims = claims(identity, issue, now);
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
    let authentication = &issue.granted.authentication;
    let mut add = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    add("iss", json!(&*identity.settings.base_url));
    add("aud", json!(issue.granted.client_id));
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
    if let Some(user) = &issue.granted.user {
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
