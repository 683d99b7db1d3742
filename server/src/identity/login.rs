//! Logging in: a password, then a second factor; logging out.

use uuid::Uuid;

use super::answer::{Answered, Form, Refusal, redirect, set_cookie};
use super::pages::{self, Page};
use super::session::{Browser, Missing, missing};
use super::{Asked, Identity, password, secret};
use crate::store::IdentitySession;

/// What a failed login says, whoever it was.
const FAILED: &str = "That did not match, or there were too many attempts. Check it, or wait some minutes and try again.";

/// Where somebody goes on after the login: to the request of an app, or to their account.
const ACCOUNT: &str = "/auth/account";

/// The place that a form names: a request of an app by its query, or the account. Never anything else, so that nobody can
/// be sent elsewhere.
fn next(identity: &Identity, form: &Form) -> String {
    match form.get("request") {
        Some(query) => {
            let rest = without_demands(query);
            identity.url(&format!("/auth/authorize?{rest}"))
        }
        None => identity.url(ACCOUNT),
    }
}

/// The query of a request without its demands for a login, which are met. `auth_time` tells the app when.
fn without_demands(query: &str) -> String {
    let is_kept = |pair: &&str| !pair.starts_with("prompt=") && !pair.starts_with("max_age=");
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    kept.join("&")
}

/// The page that asks for the password, or for what is missing after it.
pub(super) fn page(
    browser: &Browser,
    request: Option<&str>,
    target: Option<&str>,
    failed: bool,
) -> Answered {
    let request = request.unwrap_or_default();
    let csrf = browser.csrf();
    let problem = if failed { FAILED } else { "" };
    let asks = match &browser.session {
        Some(session) => missing(session),
        None => return Page::to(target).login(&csrf, request, problem),
    };
    match asks {
        Missing::SecondFactor => Page::to(target).second_factor(&csrf, request, problem),
        Missing::Enrolment => Page::to(target).message(
            "A second factor is needed",
            "Who works here logs in with a second factor, and you have none yet. Ask an administrator to set one up for you.",
        ),
        Missing::Nothing => Page::to(target).login(&csrf, request, problem),
    }
}

/// `POST /auth/login`
pub(super) async fn first_factor(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let login = form.get("login").unwrap_or_default().to_lowercase();
    let shown = form.get("password").unwrap_or_default();
    let user = identity
        .store
        .begin_identity_attempt(&login, asked.now)
        .await?;
    let hash = user
        .as_ref()
        .and_then(|user| user.credentials.password_hash.as_deref());
    let is_right = identity.passwords.is_right(shown, hash).await?;
    let Some(user) = user.filter(|_| is_right) else {
        let again = page(&browser, form.get("request"), None, true)?;
        tracing::info!("a login failed");
        return Ok(pages::unauthorized(again));
    };
    let is_complete = user.credentials.totp_secret.is_none();
    identity
        .store
        .end_identity_attempt(user.id, is_complete)
        .await?;
    let methods = ["pwd".to_owned()];
    let cookie = browser
        .begin(identity, user.id, &methods, asked.now)
        .await?;
    let mut response = redirect(&next(identity, &form))?;
    set_cookie(&mut response, &cookie)?;
    Ok(response)
}

/// `POST /auth/second-factor`
pub(super) async fn second_factor(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let Some(session) = &browser.session else {
        return redirect(&next(identity, &form));
    };
    let code = form.get("code").unwrap_or_default().trim();
    if !is_second_factor(identity, asked, session, code).await? {
        let again = page(&browser, form.get("request"), None, true)?;
        tracing::info!(user = %session.user.id, "a second factor failed");
        return Ok(pages::unauthorized(again));
    }
    let methods = ["pwd", "otp", "mfa"].map(ToOwned::to_owned);
    let user = session.user.id;
    let cookie = browser.begin(identity, user, &methods, asked.now).await?;
    let mut response = redirect(&next(identity, &form))?;
    set_cookie(&mut response, &cookie)?;
    Ok(response)
}

/// Whether a code is of the person's app, or one of their recovery codes; each is good once.
async fn is_second_factor(
    identity: &Identity,
    asked: &Asked<'_>,
    session: &IdentitySession,
    code: &str,
) -> Answered<bool> {
    let login = &session.user.login;
    let attempt = identity
        .store
        .begin_identity_attempt(login, asked.now)
        .await?;
    let Some(user) = attempt else {
        return Ok(false);
    };
    let is_right = match &user.credentials.totp_secret {
        Some(secret) => is_good_once(identity, user.id, secret, code, asked).await?,
        None => false,
    };
    if is_right {
        identity.store.end_identity_attempt(user.id, true).await?;
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
    if let Some(step) = password::totp_step(secret, code, asked.now) {
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
        identity.store.end_identity_session(session.hash).await?;
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
