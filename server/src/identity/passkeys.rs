//! Passkeys as second factors (<https://www.w3.org/TR/webauthn-3/>, server/decisions/0031-passkeys.md): beside a password,
//! never in its place.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use webauthn_rs::prelude::{
    AuthenticationResult, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
};

use super::answer::{Answered, Form, Refusal, redirect, set_cookie, with_query};
use super::audited::Told;
use super::login::{begun, next, password_page, shown_at, with};
use super::pages::{self, Page, unauthorized};
use super::session::{Browser, Missing, Shown, missing};
use super::{Asked, Identity, secret};
use crate::auth::network;
use crate::error::{Error, Result};
use crate::store::{Attempt, Ceremony, IdentitySession, StoredPasskey};

/// Where a passkey is added.
pub(super) const ADD: &str = "/auth/passkey";
/// Where one is taken away.
pub(super) const REMOVE: &str = "/auth/passkey-remove";
/// Where one is shown.
pub(super) const SHOW: &str = "/auth/passkey-login";
/// The script of the pages that need one: an authenticator is reached in no other way.
pub(super) const SCRIPT: &str = "/auth/passkey.js";

/// How long a question to an authenticator is good.
const QUESTION_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How recent the login of somebody is who adds or removes one.
const RECENT: SignedDuration = SignedDuration::from_mins(5);
/// Longest name, in letters.
const NAME_MAX: usize = 60;

/// What knows how passkeys work here; nothing where people come to an address without a name.
pub(super) struct Passkeys(Option<Webauthn>);

impl Passkeys {
    /// For pages of an origin.
    pub(super) fn new(origin: &str) -> Self {
        let url = Url::parse(origin).ok();
        let made = url.and_then(|url| {
            let name = url.domain()?.to_owned();
            let builder = WebauthnBuilder::new(&name, &url).ok()?;
            builder.rp_name("Vesta").build().ok()
        });
        Self(made)
    }

    /// Whether there can be any.
    pub(super) fn are_possible(&self) -> bool {
        self.0.is_some()
    }

    fn get(&self) -> Answered<&Webauthn> {
        let unnamed = "Passkeys need a server with a name, which this one has not.";
        self.0
            .as_ref()
            .ok_or_else(|| Refusal::new("invalid_request", unnamed))
    }
}

fn text_of(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::internal)
}

/// The script itself.
pub(super) fn script() -> Response<Bytes> {
    let script = include_str!("../../templates/passkey.js");
    let mut response = Response::new(Bytes::from_static(script.as_bytes()));
    let headers = response.headers_mut();
    let text = HeaderValue::from_static("text/javascript; charset=utf-8");
    headers.insert(CONTENT_TYPE, text);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let sniff = HeaderValue::from_static("nosniff");
    headers.insert("x-content-type-options", sniff);
    response
}

/// The session of somebody who has just logged in, with all that is asked of them.
fn recent(browser: &Browser, now: Timestamp) -> Option<&IdentitySession> {
    let session = browser.session.as_ref();
    session.filter(|session| {
        missing(session) == Missing::Nothing && session.authenticated_at > now - RECENT
    })
}

fn again(identity: &Identity, browser: &Browser) -> Answered {
    let problem = "Log in again to change your passkeys.";
    let page = password_page(identity, browser, "", None, problem)?;
    browser.remember(identity, page)
}

/// `GET /auth/passkey`
pub(super) async fn ask_for_new(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let browser = Browser::of(identity, asked).await?;
    let Some(session) = recent(&browser, asked.now) else {
        return again(identity, &browser);
    };
    let user = &session.user;
    let known = identity.store.identity_passkeys(user.id).await?;
    let known = known.into_iter().map(|passkey| passkey.id).collect();
    let webauthn = identity.passkeys.get()?;
    let begun = webauthn.start_passkey_registration(user.id, &user.login, &user.name, Some(known));
    let (options, state) = begun.map_err(Error::internal)?;
    let state = text_of(&state)?;
    ask(identity, session, true, &state, asked.now).await?;
    let page = pages::Passkey {
        title: "Add a passkey",
        button: "Add a passkey",
        action: "passkey",
        csrf: &browser.csrf(),
        options: &text_of(&options)?,
        request: "",
        problem: "",
        asks_name: true,
        other: "",
    };
    Page::with_script(&identity.url(SCRIPT)).passkey(&page)
}

async fn ask(
    identity: &Identity,
    session: &IdentitySession,
    is_registration: bool,
    state: &str,
    now: Timestamp,
) -> Result<()> {
    let ceremony = Ceremony {
        session: session.hash,
        user: session.user.id,
        is_registration,
    };
    let store = &identity.store;
    store
        .begin_identity_ceremony(ceremony, state, now + QUESTION_LIFE)
        .await
}

/// What was asked of this session, once.
async fn asked_before<T: DeserializeOwned>(
    identity: &Identity,
    session: &IdentitySession,
    is_registration: bool,
    now: Timestamp,
) -> Result<Option<T>> {
    let ceremony = Ceremony {
        session: session.hash,
        user: session.user.id,
        is_registration,
    };
    let state = identity.store.end_identity_ceremony(ceremony, now).await?;
    state.as_deref().map(read).transpose()
}

/// `POST /auth/passkey`
pub(super) async fn add(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let Some(session) = recent(&browser, asked.now) else {
        return again(identity, &browser);
    };
    let refused = |sentence: &str| Refusal::new("invalid_request", sentence);
    let state = asked_before::<PasskeyRegistration>(identity, session, true, asked.now);
    let state = state.await?;
    let state = state.ok_or_else(|| refused("It has taken too long. Try again."))?;
    let credential = serde_json::from_str::<RegisterPublicKeyCredential>(form.need("credential")?);
    let made = credential.ok().and_then(|credential| {
        let webauthn = identity.passkeys.get().ok()?;
        let made = webauthn.finish_passkey_registration(&credential, &state);
        made.inspect_err(|error| tracing::info!(%error, "a passkey is not added"))
            .ok()
    });
    let passkey = made.ok_or_else(|| refused("The passkey does not fit. Try again."))?;
    let name = form.get("name").unwrap_or_default().chars();
    let name: String = name.filter(|letter| !letter.is_control()).collect();
    let name: String = name.trim().chars().take(NAME_MAX).collect();
    let stored = StoredPasskey {
        id: passkey.cred_id().to_vec(),
        name: match name.is_empty() {
            true => "Passkey".into(),
            false => name.into(),
        },
        passkey: text_of(&passkey)?.into(),
        created_at: asked.now,
        used_at: None,
    };
    let store = identity.told(asked, Told::of("passkey-added").by(&session.user));
    match store.add_identity_passkey(session.user.id, &stored).await? {
        true => redirect(&identity.url("/auth/account")),
        false => Err(refused("It is there already, or you have ten passkeys.")),
    }
}

/// `POST /auth/passkey-remove`
pub(super) async fn remove(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let Some(session) = recent(&browser, asked.now) else {
        return again(identity, &browser);
    };
    let user = &session.user;
    let known = identity.store.identity_passkeys(user.id).await?;
    let needs_one = user.fhir_user.is_staff();
    if needs_one && user.credentials.totp_secret.is_none() && known.len() < 2 {
        let last = "It is your only second factor, and who works here needs one.";
        return Err(Refusal::new("invalid_request", last));
    }
    let id = URL_SAFE_NO_PAD.decode(form.need("id")?).unwrap_or_default();
    let store = identity.told(asked, Told::of("passkey-removed").by(user));
    let own = browser.hash();
    store
        .remove_identity_passkey(user.id, &id, needs_one, own)
        .await?;
    redirect(&identity.url("/auth/account"))
}

/// `GET /auth/passkey-login`
pub(super) async fn ask_for_known(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = Form::parse(asked.query)?;
    let browser = Browser::of(identity, asked).await?;
    question(identity, &browser, form.get("request"), "", asked.now).await
}

/// The page on which a passkey is shown; whoever has shown no password goes on to where that is asked for.
async fn question(
    identity: &Identity,
    browser: &Browser,
    request: Option<&str>,
    problem: &str,
    now: Timestamp,
) -> Answered {
    let session = browser.session.as_ref();
    let Some(session) = session.filter(|session| session.user.credentials.has_passkey) else {
        return redirect(&next(identity, request)?);
    };
    let known = identity.store.identity_passkeys(session.user.id).await?;
    let known: Vec<Passkey> = known
        .iter()
        .map(|stored| read(&stored.passkey))
        .collect::<Result<_>>()?;
    if known.is_empty() {
        // The last one was removed a moment ago.
        return redirect(&next(identity, request)?);
    }
    let begun = identity
        .passkeys
        .get()?
        .start_passkey_authentication(&known);
    let (options, state) = begun.map_err(Error::internal)?;
    let state = text_of(&state)?;
    ask(identity, session, false, &state, now).await?;
    let request = request.unwrap_or_default();
    let has_codes = session.user.credentials.totp_secret.is_some();
    let page = pages::Passkey {
        title: "Second factor",
        button: "Use your passkey",
        action: "passkey-login",
        csrf: &browser.csrf(),
        options: &text_of(&options)?,
        request,
        problem,
        asks_name: false,
        other: &match (has_codes, request) {
            (false, _) => String::new(),
            (true, "") => "account".to_owned(),
            (true, request) => format!("authorize?{request}"),
        },
    };
    Page::with_script(&identity.url(SCRIPT)).passkey(&page)
}

/// `POST /auth/passkey-login`
pub(super) async fn show(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let request = form.get("request");
    let Some(session) = &browser.session else {
        return redirect(&next(identity, request)?);
    };
    let credential = form.get("credential").unwrap_or_default();
    let Some(shown) = shown(identity, asked, session, credential).await? else {
        tracing::info!(user = %session.user.id, "a passkey failed");
        let reason = "the passkey is wrong, or there were too many attempts";
        let told = Told::login("passkey").by(&session.user);
        identity.tell(asked, told.refused(401, reason)).await?;
        let problem =
            "That did not match, or there were too many attempts. Try again, or wait some minutes.";
        let page = question(identity, &browser, request, problem, asked.now);
        return Ok(unauthorized(page.await?));
    };
    // One that may be copied to other devices is a key in software.
    let kind = if shown.backup_eligible() {
        "swk"
    } else {
        "hwk"
    };
    let shown = Shown {
        factor: "passkey",
        methods: &with(&session.methods, &[kind, "mfa"]),
        at: shown_at(session, asked),
    };
    let cookie = browser.begin(identity, &session.user, shown, asked).await?;
    let mut response = redirect(&next(identity, request)?)?;
    set_cookie(&mut response, &cookie)?;
    Ok(response)
}

/// What a passkey of this person has shown; `None` where it is not one, or was not asked, or has to wait.
async fn shown(
    identity: &Identity,
    asked: &Asked<'_>,
    session: &IdentitySession,
    credential: &str,
) -> Answered<Option<AuthenticationResult>> {
    let address = network(asked.address);
    let attempt = Attempt {
        login: secret::hash(&session.user.login),
        address: &address,
    };
    let (user, _) = begun(identity, &session.user.login, attempt, asked.now).await?;
    let state = asked_before::<PasskeyAuthentication>(identity, session, false, asked.now);
    let (Some(user), Some(state)) = (user, state.await?) else {
        return Ok(None);
    };
    let Ok(credential) = serde_json::from_str::<PublicKeyCredential>(credential) else {
        return Ok(None);
    };
    let webauthn = identity.passkeys.get()?;
    let Ok(result) = webauthn.finish_passkey_authentication(&credential, &state) else {
        return Ok(None);
    };
    let known = identity.store.identity_passkeys(user.id).await?;
    let id = result.cred_id().to_vec();
    let Some(before) = known.into_iter().find(|stored| stored.id == id) else {
        return Ok(None);
    };
    let mut passkey: Passkey = read(&before.passkey)?;
    passkey.update_credential(&result);
    let after = text_of(&passkey)?;
    let store = &identity.store;
    let used = store.use_identity_passkey(user.id, &before, &after, asked.now);
    if !used.await? {
        return Ok(None);
    }
    store.end_identity_attempt(attempt, true, asked.now).await?;
    Ok(Some(result))
}

/// The link to the page on which a passkey is shown.
pub(super) fn link(request: &str) -> String {
    with_query("passkey-login", &[("request", request)])
}

/// A passkey as the account shows it.
pub(super) fn line(stored: &StoredPasskey) -> pages::PasskeyLine {
    let day = |instant: Timestamp| instant.strftime("%Y-%m-%d").to_string();
    pages::PasskeyLine {
        id: URL_SAFE_NO_PAD.encode(&stored.id),
        name: stored.name.to_string(),
        since: day(stored.created_at),
        used: stored.used_at.map(day).unwrap_or_default(),
    }
}
