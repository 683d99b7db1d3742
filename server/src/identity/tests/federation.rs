//! Logging in at another provider: what of its word is believed, who comes of it, and what they may without a second factor.

mod answers;
mod provider;

use std::sync::atomic::Ordering;

use serde_json::json;

use self::provider::{Departure, OpenIdProvider, SECRET};
use super::*;
use crate::store::testing::TestDatabase;

/// The records in which the server looks for people.
async fn people(grant: Option<Grant>, interaction: Interaction) -> Result<Outcome> {
    if grant.is_some() {
        return perform(grant, interaction).await;
    }
    let body = match &interaction {
        Interaction::Read { key, .. } => match key.to_string().as_str() {
            "Practitioner/anna" => r#"{"resourceType":"Practitioner","id":"anna"}"#,
            "Practitioner/gone" => r#"{"resourceType":"Practitioner","id":"gone","active":false}"#,
            "Patient/p1" => r#"{"resourceType":"Patient","id":"p1"}"#,
            _ => return Err(Error::new(ErrorKind::NotFound, "nobody")),
        },
        Interaction::Search { query, .. } => match query.as_str() {
            "identifier=https%3A%2F%2Fexample.org%2Fstaff%7C7&active:not=false&_count=2" => {
                r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Practitioner","id":"anna"}}]}"#
            }
            "identifier=https%3A%2F%2Fexample.org%2Fstaff%7C8&active:not=false&_count=2" => {
                r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Practitioner","id":"anna"}},{"resource":{"resourceType":"Practitioner","id":"new"}}]}"#
            }
            _ => r#"{"resourceType":"Bundle"}"#,
        },
        _ => return Err(Error::new(ErrorKind::NotFound, "nothing")),
    };
    Ok(Outcome::body(StatusCode::OK, body))
}

const REFERENCES: &str = "people = [\"Practitioner\", \"Patient\"]\nsecond_factor_acr = [\"urn:example:mfa\"]\nsecond_factor_amr = [\"mfa\", \"otp\"]";
const IDENTIFIERS: &str = "people = [\"Practitioner\"]\nclaim = \"staff_number\"\nidentifier_system = \"https://example.org/staff\"";

async fn begun(settings: &str) -> (Server, OpenIdProvider) {
    let provider = OpenIdProvider::new().await;
    let database = TestDatabase::new().await;
    let store = database.audited_store().await;
    let mut server = Server::on(database, store.clone()).await;
    let file = format!(
        "[[provider]]\nid = \"clinic\"\nname = \"The <clinic>\"\nissuer = \"{}\"\nclient_id = \"vesta\"\nclient_secret_file = \"secret\"\n{settings}",
        provider.issuer
    );
    let settings = Settings {
        base_url: BASE.into(),
        allows_internal_fetches: true,
        providers: Provider::parse(&file, |_| Ok(SECRET.to_owned())).unwrap(),
        ..Settings::default()
    };
    let perform: PerformFor = Arc::new(|grant, _, asked| people(grant, asked).boxed());
    server.identity = Identity::new(store, settings, Vault::of(&[1; 32]).unwrap(), perform);
    (server, provider)
}

fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&")
}

impl Server {
    /// Goes to the provider by the button of the login page.
    async fn sent(&self, path: &str, cookie: &mut Cookie) -> Answer {
        let page = self.get(path, cookie).await;
        assert!(
            page.text.contains("Log in with The &#60;clinic&#62;"),
            "{page:?}"
        );
        let link = page.text.split("class=\"button\" href=\"").nth(1).unwrap();
        let link = unescaped(link.split('"').next().unwrap());
        self.get(&format!("/auth/{link}"), cookie).await
    }

    /// Comes back as the provider sends the browser.
    async fn back(&self, departure: &Departure, issuer: &str, cookie: &mut Cookie) -> Answer {
        let pairs = [
            ("code", "the code"),
            ("state", departure.get("state")),
            ("iss", issuer),
        ];
        let path = answer::with_query("/auth/federated/clinic", &pairs);
        self.get(&path, cookie).await
    }

    /// Logs in there with claims that are changed, and comes back.
    async fn federated(
        &self,
        provider: &OpenIdProvider,
        path: &str,
        cookie: &mut Cookie,
        change: impl FnOnce(&mut Value),
    ) -> Answer {
        let departure = provider.departure(&self.sent(path, cookie).await);
        let mut claims = provider.claims(&departure, self);
        change(&mut claims);
        let header = json!({"alg": "RS256", "kid": "rsa"});
        provider.grants(&departure, provider.keys.signed(&header, &claims));
        self.back(&departure, &provider.issuer, cookie).await
    }

    async fn trail_of(&self, word: &str) -> Vec<String> {
        let mut rows = self.trail().await;
        rows.retain(|row| row.contains(word));
        rows
    }
}

#[tokio::test]
async fn who_logs_in_there_acts_here_as_the_person_it_names() {
    let (mut server, provider) = begun(REFERENCES).await;
    let mut cookie = Cookie::default();
    let path = authorize("app", "openid fhirUser user/*.rs", &[]);
    let answer = server
        .federated(&provider, &path, &mut cookie, |_| ())
        .await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let page = server.get(answer.header(LOCATION), &mut cookie).await;
    assert!(page.text.contains("Anna Weiss"), "{page:?}");
    let code = server.agreed(&page, &mut cookie).await;
    let tokens = server.exchange("app", &code).await.json();
    let grant = server.grant(&tokens["access_token"]).await.unwrap();
    assert_eq!(grant.user.unwrap().to_string(), "Practitioner/anna");
    let login = grant.login.unwrap();
    assert!(login.starts_with("clinic/"), "{login}");
    assert_eq!(
        *grant.authentication.methods,
        ["mfa".into(), "pwd".into(), "otp".into()]
    );
    assert_eq!(
        grant.authentication.acr.as_deref(),
        Some("urn:vesta:acr:mfa")
    );
    assert_eq!(
        grant.authentication.at,
        server.now - SignedDuration::from_secs(5)
    );
    let expected = format!("login federated 0 login {login} Practitioner/anna");
    assert_eq!(server.trail_of("federated").await, [expected]);
    assert_eq!(server.trail_of("user-added 0 login clinic").await.len(), 1);

    // The same account the next time, by its own name for the person, and under another person nothing of before.
    server.later(60);
    let mut other = Cookie::default();
    let again = server
        .federated(&provider, "/auth/account", &mut other, |_| ())
        .await;
    assert_eq!(again.header(LOCATION), format!("{BASE}/auth/account"));
    assert_eq!(
        server.trail_of("user-").await.len(),
        server.trail_of("user-added").await.len()
    );
    assert!(server.grant(&tokens["access_token"]).await.is_some());
    let mut third = Cookie::default();
    let moved = server.federated(&provider, "/auth/account", &mut third, |claims| {
        claims["fhirUser"] = json!("Patient/p1");
    });
    assert_eq!(moved.await.status, 303);
    assert_eq!(
        server.trail_of("user-changed 0 login clinic").await.len(),
        1
    );
    assert!(server.grant(&tokens["access_token"]).await.is_none());
    let account = server.get("/auth/account", &mut other).await;
    assert!(account.text.contains("current-password"), "{account:?}");
    // There is no password to log in with.
    let users = server.administration.users(ALL).await.unwrap().items;
    let user = users.iter().find(|user| *user.login == *login).unwrap();
    assert!(user.credentials.password_hash.is_none());
    server.administration.lock_user(&login, true).await.unwrap();
    let locked = server.federated(&provider, "/auth/account", &mut other, |_| ());
    assert_eq!(locked.await.status, 401);
    let alert = server.trail_of("locked-out").await;
    assert!(
        alert[0].ends_with("(clinic: the account is locked)"),
        "{alert:?}"
    );
}

#[tokio::test]
async fn who_works_here_gets_nothing_without_a_second_factor() {
    let (mut server, provider) = begun(REFERENCES).await;
    let path = authorize("app", "user/*.rs", &[]);
    let check = async |server: &Server, amr: Value, acr: Value, is_enough: bool| {
        let mut cookie = Cookie::default();
        let answer = server
            .federated(&provider, &path, &mut cookie, |claims| {
                claims["amr"] = amr.clone();
                claims["acr"] = acr.clone();
            })
            .await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let page = server.get(answer.header(LOCATION), &mut cookie).await;
        assert_eq!(
            page.text.contains("decision"),
            is_enough,
            "{amr} {acr} {page:?}"
        );
        assert_eq!(
            page.text.contains("has not confirmed one"),
            !is_enough,
            "{amr} {acr}"
        );
        let csrf = ("csrf", &*hidden(&page.text)[0].1);
        let form = [
            csrf,
            ("request", path.split_once('?').unwrap().1),
            ("decision", "allow"),
        ];
        let headers = [("cookie", cookie.0.as_deref().unwrap())];
        let agreed = server.post("/auth/consent", &form, &headers).await;
        assert_eq!(agreed.status == 303, is_enough, "{agreed:?}");
        (page, cookie)
    };
    check(&server, json!(["mfa"]), json!("0"), true).await;
    check(&server, json!([]), json!("urn:example:mfa"), true).await;
    check(&server, json!(["pwd"]), json!("urn:example:pwd"), false).await;
    // Not one of those that the settings call a second factor.
    check(&server, json!(["hwk"]), json!("1"), false).await;
    check(
        &server,
        json!(["PWD mfa"]),
        json!("x urn:example:mfa"),
        false,
    )
    .await;
    let (page, mut cookie) = check(&server, json!(["pwd"]), json!("0"), false).await;
    let out = server.fill("/auth/logout", &page, &[], &mut cookie).await;
    assert_eq!(out.status, 303);

    // One of this server's own does as well.
    let users = server.administration.users(ALL).await.unwrap().items;
    let login = users.iter().find(|user| user.login.starts_with("clinic/"));
    let login = login.unwrap().login.clone();
    let factor = server
        .administration
        .set_second_factor(&login)
        .await
        .unwrap();
    let mut cookie = Cookie::default();
    let answer = server.federated(&provider, &path, &mut cookie, |claims| {
        claims["amr"] = json!(["pwd"]);
    });
    let answer = answer.await;
    let page = server.get(answer.header(LOCATION), &mut cookie).await;
    assert!(page.text.contains("one-time-code"), "{page:?}");
    let code = totp_code(&factor.secret, server.now);
    let answer = server
        .fill(
            "/auth/second-factor",
            &page,
            &[("code", &code)],
            &mut cookie,
        )
        .await;
    let page = server.get(answer.header(LOCATION), &mut cookie).await;
    assert!(page.text.contains("decision"), "{page:?}");
    // A patient needs none, and cannot say there was one.
    let mut cookie = Cookie::default();
    server.later(1);
    let wanted = authorize(
        "app",
        "patient/*.rs",
        &[("acr_values", "urn:vesta:acr:mfa")],
    );
    let answer = server
        .federated(&provider, &wanted, &mut cookie, |claims| {
            claims["sub"] = json!("patient");
            claims["fhirUser"] = json!("Patient/p1");
            claims["amr"] = json!(["pwd"]);
        })
        .await;
    let told = server.get(answer.header(LOCATION), &mut cookie).await;
    assert_eq!(told.sent("error"), "unmet_authentication_requirements");
}

#[tokio::test]
async fn a_new_login_is_asked_for_and_judged() {
    let (server, provider) = begun(REFERENCES).await;
    let now = server.now.as_second();
    let check = async |demand: (&str, &str), auth_time: i64, is_enough: bool| {
        let mut cookie = Cookie::default();
        let path = authorize("app", "user/*.rs", &[demand]);
        let departure = provider.departure(&server.sent(&path, &mut cookie).await);
        assert_eq!(departure.get(demand.0), demand.1);
        let mut claims = provider.claims(&departure, &server);
        claims["auth_time"] = json!(auth_time);
        let header = json!({"alg": "RS256", "kid": "rsa"});
        provider.grants(&departure, provider.keys.signed(&header, &claims));
        let answer = server.back(&departure, &provider.issuer, &mut cookie).await;
        assert_eq!(
            answer.status == 303,
            is_enough,
            "{demand:?} {auth_time} {answer:?}"
        );
        if is_enough {
            let page = server.get(answer.header(LOCATION), &mut cookie).await;
            assert!(page.text.contains("decision"), "{page:?}");
        }
    };
    check(("max_age", "300"), now - 300, true).await;
    check(("max_age", "300"), now - 361, false).await;
    check(("prompt", "login"), now, true).await;
    check(("prompt", "login"), now - 61, false).await;
}

#[tokio::test]
async fn an_identifier_names_one_person_or_nobody() {
    let (server, provider) = begun(IDENTIFIERS).await;
    let check = async |number: Value, status: u16| {
        let mut cookie = Cookie::default();
        let answer = server.federated(&provider, "/auth/account", &mut cookie, |claims| {
            claims["staff_number"] = number.clone();
            claims["fhirUser"] = json!("Practitioner/new");
        });
        assert_eq!(answer.await.status, status, "{number}");
    };
    check(json!(7), 303).await;
    check(json!("7"), 303).await;
    check(json!("8"), 401).await;
    check(json!("9"), 401).await;
    check(json!("7,8"), 401).await;
    check(json!(["7"]), 401).await;
    check(json!(""), 401).await;
    let added = server.trail_of("user-added 0 login").await;
    assert!(added[0].ends_with("Practitioner/anna"), "{added:?}");
}

#[tokio::test]
async fn a_provider_inside_is_not_asked_without_the_setting() {
    let (mut server, provider) = begun(REFERENCES).await;
    let settings = Settings {
        allows_internal_fetches: false,
        ..server.identity.settings.clone()
    };
    let store = server.database.audited_store().await;
    let perform: PerformFor = Arc::new(|grant, _, asked| people(grant, asked).boxed());
    server.identity = Identity::new(store, settings, Vault::of(&[1; 32]).unwrap(), perform);
    let answer = server.sent("/auth/account", &mut Cookie::default()).await;
    assert_eq!(answer.status, 502, "{answer:?}");
    assert!(!answer.text.contains(&provider.issuer));
}

/// It is no failed login, neither to the person nor in the trail.
#[tokio::test]
async fn a_provider_that_is_down_is_told_as_such() {
    let (mut server, provider) = begun(REFERENCES).await;
    let mut cookie = Cookie::default();
    let departure = provider.departure(&server.sent("/auth/account", &mut cookie).await);
    let claims = provider.claims(&departure, &server);
    let token = provider
        .keys
        .signed(&json!({"alg": "RS256", "kid": "rsa"}), &claims);
    provider.grants(&departure, token);
    provider.is_down.store(true, Ordering::Relaxed);
    let away = server.back(&departure, &provider.issuer, &mut cookie).await;
    // What it says of itself is not known for ever.
    server.later(301);
    let sent = server.sent("/auth/account", &mut cookie).await;
    for answer in [away, sent] {
        assert_eq!(answer.status, 502, "{answer:?}");
        assert!(
            answer.text.contains("Nothing is wrong with your login"),
            "{answer:?}"
        );
    }
    let told = server.trail_of("provider-unreachable").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("security provider-unreachable 8"),
        "{told:?}"
    );
    assert!(server.trail_of("login federated").await.is_empty());
    provider.is_down.store(false, Ordering::Relaxed);
    let answer = server.federated(&provider, "/auth/account", &mut cookie, |_| ());
    assert_eq!(answer.await.status, 303);
}
