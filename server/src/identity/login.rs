//! Logging in: a password, then a second factor; logging out.

use jiff::Timestamp;
use uuid::Uuid;

use super::answer::{Answered, Form, Refusal, redirect, set_cookie, with_query};
use super::audited::Told;
use super::pages::{self, Page};
use super::session::{Browser, Missing, Shown, missing};
use super::{Asked, Identity, passkeys, secret};
use crate::accounts::{second_factor_of, totp_step};
use crate::auth::network;
use crate::store::{Attempt, IdentitySession, IdentityUser};

/// What a failed login says, whoever it was.
const FAILED: &str = "That did not match, or there were too many attempts. Check it, or wait some minutes and try again.";

/// What is said to whoever works here and has no second factor.
const NO_FACTOR: &str = "Who works here logs in with a second factor, and you have none yet. Ask an administrator to set one up for you.";

/// What is said where it is another provider that has seen none.
const UNCONFIRMED_FACTOR: &str = "Who works here logs in with a second factor, and your identity provider has not confirmed one. Log out here, and log in there with one; or ask an administrator to set one up for you here.";

/// Where somebody goes on after the login: to the request of an app, or to their account.
const ACCOUNT: &str = "/auth/account";

/// The place that a form names: a request of an app by its query, or the account. Never anything else, so that nobody can
/// be sent elsewhere.
///
/// The demands of a request for a login are met and left out. `auth_time` tells the app when.
pub(super) fn next(identity: &Identity, request: Option<&str>) -> Answered<String> {
    match request {
        Some(query) => {
            let rest = Form::parse(query)?.query_without(&["prompt", "max_age"]);
            Ok(identity.url(&format!("/auth/authorize{rest}")))
        }
        None => Ok(identity.url(ACCOUNT)),
    }
}

/// The page that asks for the password, or for what is missing after it.
pub(super) fn page(
    identity: &Identity,
    browser: &Browser,
    request: Option<&str>,
    target: Option<&str>,
    failed: bool,
) -> Answered {
    let request = request.unwrap_or_default();
    let csrf = browser.csrf();
    let problem = if failed { FAILED } else { "" };
    let Some(session) = &browser.session else {
        return password_page(identity, browser, request, target, problem);
    };
    match missing(session) {
        Missing::SecondFactor => {
            let credentials = &session.user.credentials;
            let passkey = match credentials.has_passkey {
                true => passkeys::link(request),
                false => String::new(),
            };
            Page::to(target).second_factor(&pages::SecondFactor {
                csrf: &csrf,
                request,
                problem,
                has_codes: credentials.totp_secret.is_some(),
                passkey: &passkey,
            })
        }
        Missing::Enrolment => {
            let text = match session.user.credentials.password_hash {
                Some(_) => NO_FACTOR,
                None => UNCONFIRMED_FACTOR,
            };
            Page::to(target).message("A second factor is needed", text, &csrf)
        }
        Missing::Nothing => password_page(identity, browser, request, target, problem),
    }
}

/// The page that asks for a login and a password, or for a choice of who else knows the person.
pub(super) fn password_page(
    identity: &Identity,
    browser: &Browser,
    request: &str,
    target: Option<&str>,
    problem: &str,
) -> Answered {
    let choices = identity.federation.choices();
    let link = |(id, name)| {
        let pairs = [("provider", id), ("request", request)];
        (with_query("federated", &pairs), name)
    };
    let providers: Vec<(String, &str)> = choices.into_iter().map(link).collect();
    Page::to(target).login(&pages::Login {
        csrf: &browser.csrf(),
        request,
        problem,
        providers: &providers,
    })
}

/// `POST /auth/login`
pub(super) async fn first_factor(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let login = form.get("login").unwrap_or_default().to_lowercase();
    let shown = form.get("password").unwrap_or_default();
    let place = identity.passwords.place()?;
    let address = network(asked.address);
    let attempt = Attempt {
        login: secret::hash(&login),
        address: &address,
    };
    let (user, may_try) = begun(identity, &login, attempt, asked.now).await?;
    let hash = user
        .as_ref()
        .and_then(|user| user.credentials.password_hash.as_deref());
    let is_right = place.verify(shown, hash).await?;
    let Some(user) = user.filter(|_| is_right) else {
        let again = page(identity, &browser, form.get("request"), None, true)?;
        tracing::info!("a login failed");
        identity.tell_failed_login(asked, (&login, may_try)).await?;
        return Ok(pages::unauthorized(again));
    };
    let is_complete = user.credentials.totp_secret.is_none() && !user.credentials.has_passkey;
    identity
        .store
        .end_identity_attempt(attempt, is_complete, asked.now)
        .await?;
    let shown = Shown {
        factor: "password",
        methods: &["pwd".to_owned()],
        at: asked.now,
    };
    let cookie = browser.begin(identity, &user, shown, asked).await?;
    let mut response = redirect(&next(identity, form.get("request"))?)?;
    set_cookie(&mut response, &cookie)?;
    Ok(response)
}

/// Counts an attempt, and gives whom it is of, and whether they may try; `None` where there is nobody, or they have to wait,
/// or are locked. As much is
/// written for somebody who does not exist as for somebody who does.
pub(super) async fn begun(
    identity: &Identity,
    login: &str,
    attempt: Attempt<'_>,
    now: Timestamp,
) -> Answered<(Option<IdentityUser>, bool)> {
    let store = &identity.store;
    let may_try = store.begin_identity_attempt(attempt, now).await?;
    let user = store.identity_user(login).await?;
    Ok((user.filter(|user| may_try && !user.is_locked), may_try))
}

/// `POST /auth/second-factor`
pub(super) async fn second_factor(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let Some(session) = &browser.session else {
        return redirect(&next(identity, form.get("request"))?);
    };
    let code = form.get("code").unwrap_or_default().trim();
    if !is_second_factor(identity, asked, session, code).await? {
        let again = page(identity, &browser, form.get("request"), None, true)?;
        tracing::info!(user = %session.user.id, "a second factor failed");
        let reason = "the second factor is wrong, or there were too many attempts";
        let told = Told::login("second-factor").by(&session.user);
        identity.tell(asked, told.refused(401, reason)).await?;
        return Ok(pages::unauthorized(again));
    }
    let shown = Shown {
        factor: "second-factor",
        methods: &with(&session.methods, &["otp", "mfa"]),
        at: shown_at(session, asked),
    };
    let cookie = browser.begin(identity, &session.user, shown, asked).await?;
    let mut response = redirect(&next(identity, form.get("request"))?)?;
    set_cookie(&mut response, &cookie)?;
    Ok(response)
}

/// When somebody has logged in who shows a second factor: now, where it completes the login; alone it renews none.
pub(super) fn shown_at(session: &IdentitySession, asked: &Asked<'_>) -> Timestamp {
    match missing(session) {
        Missing::SecondFactor => asked.now,
        Missing::Nothing | Missing::Enrolment => session.authenticated_at,
    }
}

/// The factors of a session, and those that are shown now.
pub(super) fn with(before: &[String], shown: &[&str]) -> Vec<String> {
    let mut methods = before.to_vec();
    for method in shown {
        if !methods.iter().any(|own| own == method) {
            methods.push((*method).to_owned());
        }
    }
    methods
}

/// Whether a code is of the person's app, or one of their recovery codes; each is good once.
async fn is_second_factor(
    identity: &Identity,
    asked: &Asked<'_>,
    session: &IdentitySession,
    code: &str,
) -> Answered<bool> {
    let address = network(asked.address);
    let attempt = Attempt {
        login: secret::hash(&session.user.login),
        address: &address,
    };
    let (user, _) = begun(identity, &session.user.login, attempt, asked.now).await?;
    let Some(user) = user else {
        return Ok(false);
    };
    let is_right = match &user.credentials.totp_secret {
        Some(sealed) => {
            let secret = identity
                .vault
                .open(&second_factor_of(&user.login), sealed)?;
            is_good_once(identity, user.id, &secret, code, asked).await?
        }
        None => false,
    };
    if is_right {
        let ended = identity
            .store
            .end_identity_attempt(attempt, true, asked.now);
        ended.await?;
    }
    Ok(is_right)
}

async fn is_good_once(
    identity: &Identity,
    user: Uuid,
    secret: &[u8],
    code: &str,
    asked: &Asked<'_>,
) -> Answered<bool> {
    if let Some(step) = totp_step(secret, code, asked.now) {
        return Ok(identity.store.use_identity_step(user, step).await?);
    }
    let hash = secret::hash(code);
    let used = identity
        .store
        .use_identity_recovery_code(user, hash)
        .await?;
    Ok(used)
}

/// `POST /auth/logout`
pub(super) async fn logout(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    if let Some(session) = &browser.session {
        let told = identity.told(asked, Told::logout().by(&session.user));
        told.end_identity_session(session.hash).await?;
    }
    redirect(&identity.url(ACCOUNT))
}

/// Only somebody who has logged in completely goes on.
pub(super) fn complete(browser: &Browser) -> Answered<&IdentitySession> {
    let complete = browser
        .session
        .as_ref()
        .filter(|session| missing(session) == Missing::Nothing);
    complete.ok_or_else(|| Refusal::new("login_required", "Your session has ended. Log in again."))
}
