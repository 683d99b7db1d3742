//! The account: the apps that act for somebody, and an end to each of them.

use super::answer::{Answered, redirect};
use super::audited::Told;
use super::pages::{Account, App, Page, PasskeyLine};
use super::session::{Browser, Missing, missing};
use super::{Asked, Identity, login, passkeys, words};
use crate::store::RunningGrant;

/// Apps that are shown.
const APPS: u32 = 200;

/// `GET /auth/account`
pub(super) async fn show(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let browser = Browser::of(identity, asked).await?;
    let session = browser
        .session
        .as_ref()
        .filter(|session| missing(session) == Missing::Nothing);
    let Some(session) = session else {
        let page = login::page(identity, &browser, None, None, false)?;
        return browser.remember(identity, page);
    };
    let running = identity
        .store
        .identity_grants(session.user.id, asked.now, APPS);
    let apps: Vec<App> = running.await?.iter().map(app).collect();
    let passkeys = identity.store.identity_passkeys(session.user.id).await?;
    let passkeys: Vec<PasskeyLine> = passkeys.iter().map(passkeys::line).collect();
    Page::to(None).account(&Account {
        csrf: &browser.csrf(),
        person: &session.user.name,
        apps: &apps,
        has_passkeys: identity.passkeys.are_possible(),
        passkeys: &passkeys,
    })
}

fn app(grant: &RunningGrant) -> App {
    let day = |instant: jiff::Timestamp| instant.strftime("%Y-%m-%d").to_string();
    App {
        id: grant.client_id.to_string(),
        name: grant.client_name.to_string(),
        since: day(grant.created_at),
        until: day(grant.expires),
        sees: words::plain(&grant.scopes),
    }
}

/// `POST /auth/account/revoke`
pub(super) async fn revoke(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let session = login::complete(&browser)?;
    let client = form.need("client_id")?;
    let user = session.user.id;
    let mut told = Told::of("consent-revoked").by(&session.user);
    // What the form says is kept only where it is the name of an app.
    if let Some(known) = identity.store.identity_client(client).await? {
        told = told.client(&known.id);
    }
    let store = identity.told(asked, told);
    store
        .revoke_identity_grants(user, client, asked.now)
        .await?;
    redirect(&identity.url("/auth/account"))
}
